/** Logs in the store: an append is answered when it is as durable as the store promises. */
import { decodePack, encodePack } from '../log/codec.js';
import type { LogName, Pack } from '../log/entry.js';
import { isLogName } from '../log/log-name.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog } from '../log/shared-log.js';
import { emptyLogs } from './empty-logs.js';
import type { KeptState, KnownTops, Page, StoredState } from './log-reads.js';
import { StateKeeping } from './state-keeping.js';
import type { Store } from './store.js';
import type { HistoryBacklog } from './store-access.js';
import type { Failure } from './store-error.js';
import { StoredLog } from './stored-log.js';
import type { Write } from './tasks.js';

/** The choices of a {@link SqliteLog}. */
export interface SqliteLogOptions {
  /** The most entries that each log keeps, at least 0. @defaultValue no limit */
  readonly maxEntries?: number;
  /** Whether other processes use the logs through this one. @defaultValue false */
  readonly isServed?: boolean;
  /** Milliseconds since the epoch, for leases. @defaultValue `Date.now` */
  readonly now?: () => number;
  /** Called once when the store takes nothing, and once when it takes writes again. */
  readonly onTrouble?: (failure: Failure | null) => void;
}

interface Stored {
  readonly known: KnownTops;
  readonly states: readonly StoredState[];
}

/** How long a store that has failed is left alone before it is tried again, in milliseconds. */
const RETRY_MS = 500;
/** The bytes that must fit into a store that has failed before it counts as back. */
const TRIAL_BYTES = 65_536;
/** The most logs that are in memory while nobody follows them: somebody may enter ever new rooms. */
const MAX_IDLE_LOGS = 1_000;
/** How many logs that are followed are noted as used at once. */
const USED_LOGS = 200;
/** Of how many logs it is known, at most, that somebody has read them, or that nobody uses them. */
const MAX_KNOWN_USES = 100_000;

/**
 * The logs of one store. Followers receive nothing before it is stored. While the store takes nothing, for example
 * because its disk is full, appends fail as `unknown`, the followers receive `away`, and the store is tried again.
 */
export class SqliteLog implements SharedLog {
  readonly #store: Store;
  readonly #maxEntries: number;
  readonly #isServed: boolean;
  readonly #now: () => number;
  readonly #onTrouble: (failure: Failure | null) => void;
  /** The logs that are followed, those with a state that nobody has asked for yet, and the idle ones. */
  readonly #logs: Map<LogName, StoredLog>;
  /** The logs that nobody follows, the least recently used first. */
  readonly #idle = new Set<LogName>();
  /** No log that is not in memory has ever had a pack with a higher number. */
  #floor: number;
  /** The kept states when the store was opened. */
  readonly states: readonly (StoredState & { readonly log: LogName })[];
  /** Logs that somebody has read since {@link removeUnused} was called, and the empty ones that nobody used then. */
  #read = new Set<LogName>();
  #unused = new Set<LogName>();
  readonly #keeping = new StateKeeping({ put: (log, kept) => this.#keep(log, kept), isOrdered: true });
  #retry: NodeJS.Timeout | null = null;
  #isClosed = false;

  private constructor(store: Store, stored: Stored, options: SqliteLogOptions) {
    const { maxEntries = Number.MAX_SAFE_INTEGER, isServed = false } = options;
    const { now = Date.now, onTrouble = () => undefined } = options;
    this.#store = store;
    this.#maxEntries = maxEntries;
    this.#isServed = isServed;
    this.#now = now;
    this.#onTrouble = onTrouble;
    const tails = new Map(stored.states.map(({ log, tail }) => [log, tail]));
    this.#floor = stored.known.floor;
    this.#logs = new Map(
      stored.known.tops.filter(isOfLog).map(({ log, top }) => [log, this.#made(log, top, tails.get(log))]),
    );
    for (const name of this.#logs.keys()) if (!tails.has(name)) this.#idle.add(name);
    this.states = stored.states.filter(isOfLog);
  }

  /** Opens the logs of a store. @throws StoreError */
  static async open(store: Store, options: SqliteLogOptions = {}): Promise<SqliteLog> {
    const [known, states] = await Promise.all([
      store.read('tops', { most: MAX_IDLE_LOGS }),
      store.read('states', null),
    ]);
    return new SqliteLog(store, { known, states }, options);
  }

  /** Whether it takes writes: it does not for a while after one has failed. */
  get isTakingWrites(): boolean {
    return this.#retry === null;
  }

  /**
   * The number of the last pack of a log that is known to be stored. A log that is not in memory goes on behind all
   * numbers that it may have had.
   */
  topOf(name: LogName): number {
    const known = this.#logs.get(name);
    const log = known ?? this.#add(name, this.#floor);
    const { top } = log;
    if (known === undefined || this.#idle.has(name)) this.#rest(name, log);
    return top ?? this.#floor;
  }

  /** Keeps the state of a log after a pack: the next opening of the store brings it, and the packs after it. */
  keep(log: LogName, seq: number, state: string | null): void {
    this.#keeping.keep(log, seq, state);
  }

  keepAfter(history: HistoryBacklog): void {
    this.#keeping.after(history);
  }

  stateOf(log: LogName): Promise<KeptState | null> {
    return this.#store.read('state', { log }).catch(() => null);
  }

  /**
   * Removes from the store the logs of which nothing is kept. If somebody enters such a room again, its log begins
   * behind the numbers of all logs that have been removed.
   */
  async removeEmpty(): Promise<void> {
    for await (const names of emptyLogs(this.#store)) {
      if (this.#isClosed) return;
      for (const name of names) if (isLogName(name)) this.#raiseFloor(name);
      if (names.length > 0) await this.#write({ kind: 'remove-logs', logs: names });
    }
  }

  /**
   * Makes a log begin where those who follow it are, since others will begin there, too. A log at 0 is followed by a
   * process of an earlier version, or by nobody.
   */
  async #use(name: LogName): Promise<void> {
    if (this.#read.size < MAX_KNOWN_USES) this.#read.add(name);
    if (this.#idle.has(name) && this.#logs.get(name)?.top === 0) this.#leave(name);
    await this.#write({ kind: 'use-logs', logs: [name], after: this.#logs.get(name)?.top ?? undefined });
  }

  /**
   * Removes from the store the logs of which nothing is kept, if they were empty the last time, too, and nobody has
   * read or followed them since. This is for logs that others use through this process: somebody who reads one is about
   * to follow it. While a process of an earlier version follows a log without a row, none is removed: that log would
   * begin elsewhere for others.
   */
  async removeUnused(): Promise<void> {
    const [read, unused] = [this.#read, this.#unused];
    this.#read = new Set();
    this.#unused = new Set();
    const followed = [...this.#logs].filter(([, log]) => log.isFollowed);
    if (read.size >= MAX_KNOWN_USES || followed.some(([, { top }]) => top === null || top === 0)) return;
    for (let at = 0; at < followed.length && !this.#isClosed; at += USED_LOGS) {
      await Promise.all(followed.slice(at, at + USED_LOGS).map(([name]) => this.#use(name)));
    }
    const isUsed = (name: LogName): boolean => {
      return read.has(name) || this.#read.has(name) || this.#logs.get(name)?.isFollowed === true;
    };
    for await (const names of emptyLogs(this.#store)) {
      if (this.#isClosed) return;
      const logs = names.filter(isLogName).filter((name) => !isUsed(name));
      for (const name of logs) {
        if (!unused.has(name) && this.#unused.size < MAX_KNOWN_USES) this.#unused.add(name);
      }
      const unusedForLong = logs.filter((name) => unused.has(name));
      // Nobody follows a shelf that is no log.
      const removed = [...unusedForLong, ...names.filter((name) => !isLogName(name))];
      if (removed.length === 0 || !(await this.#write({ kind: 'remove-logs', logs: removed }))) continue;
      // Nobody finds their old ends in memory afterwards.
      for (const name of unusedForLong) if (this.#idle.has(name)) this.#leave(name);
    }
  }

  /** The logs in memory. */
  get names(): LogName[] {
    return [...this.#logs.keys()];
  }

  append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    if (this.#isClosed) {
      answer.failed('closed');
      return;
    }
    const encoded = encodePack(pack);
    if (encoded.kind !== 'bytes') {
      answer.failed('invalid');
      return;
    }
    if (this.#retry !== null || !this.#keeping.takes(name)) {
      answer.failed('unknown');
      return;
    }
    const { bytes: body } = encoded;
    const atMs = pack.at(-1)?.atMs ?? 0;
    const after = this.#logs.get(name)?.top ?? undefined;
    const { length: entries } = pack;
    const write = { kind: 'pack', log: name, body, entries, maxEntries: this.#maxEntries, atMs, after } as const;
    this.#store.write(write, {
      written: (seq) => {
        if (this.#isClosed) {
          answer.failed('closed');
          return;
        }
        try {
          this.#stored(name, seq, pack);
        } finally {
          answer.appended(seq);
        }
      },
      failed: (failure) => {
        this.#failed(failure);
        if (this.#isClosed) answer.failed('closed');
        else answer.failed(failure.code === 'ERR_STORE_REFUSED' ? 'invalid' : 'unknown');
      },
    });
  }

  follow(name: LogName, after: number, sink: LogSink): Following {
    if (this.#isClosed) return { applied: after, stop: () => undefined };
    // As long as all logs are in memory, any other one is empty.
    const isKnown = this.#floor === 0 && !this.#isServed;
    const log = this.#logs.get(name) ?? this.#add(name, isKnown ? 0 : null);
    this.#idle.delete(name);
    this.#unused.delete(name);
    return log.follow(after, sink);
  }

  async read(name: LogName, { after, maxPacks }: LogRange): Promise<Excerpt | null> {
    if (this.#isServed) await this.#use(name);
    const page = await this.#page(name, after, maxPacks);
    if (page === null) return null;
    const { first, top } = page;
    const packs = page.packs.map(({ seq, body }) => ({ seq, ...decodePack(body) }));
    return { packs, first, top };
  }

  lease(node: string, ms: number): Promise<boolean> {
    return this.#write({ kind: 'lease', node, endMs: this.#now() + ms });
  }

  async expired(): Promise<readonly string[] | null> {
    if (this.#isClosed) return null;
    return this.#store.read('expired', { nowMs: this.#now() }).catch(() => null);
  }

  async living(): Promise<readonly string[] | null> {
    if (this.#isClosed) return null;
    return this.#store.read('living', { nowMs: this.#now() }).catch(() => null);
  }

  forget(node: string): Promise<boolean> {
    return this.#write({ kind: 'forget', node });
  }

  /** Ends all following. The store stays open. */
  close(): void {
    this.#isClosed = true;
    this.#keeping.close();
    if (this.#retry !== null) clearTimeout(this.#retry);
    for (const log of this.#logs.values()) log.close();
    this.#logs.clear();
    this.#idle.clear();
  }

  #stored(name: LogName, seq: number, pack: Pack): void {
    const log = this.#logs.get(name) ?? this.#add(name, seq);
    log.stored(seq, pack);
    if (!log.isFollowed) this.#rest(name, log);
  }

  #add(name: LogName, top: number | null): StoredLog {
    const made = this.#made(name, top);
    this.#logs.set(name, made);
    return made;
  }

  #made(name: LogName, top: number | null, tail?: Page['packs']): StoredLog {
    const made: StoredLog = new StoredLog({
      top,
      tail,
      read: (after, maxPacks) => this.#page(name, after, maxPacks),
      abandoned: () => {
        this.#rest(name, made);
      },
    });
    return made;
  }

  /** Nobody follows a log. It stays in memory until others are used later. */
  #rest(name: LogName, log: StoredLog): void {
    if (this.#logs.get(name) !== log) return;
    this.#idle.delete(name);
    this.#idle.add(name);
    if (this.#idle.size <= MAX_IDLE_LOGS) return;
    for (const oldest of this.#idle) {
      this.#leave(oldest);
      return;
    }
  }

  /** Takes a log that nobody follows out of memory. */
  #leave(name: LogName): void {
    this.#raiseFloor(name);
    this.#idle.delete(name);
    this.#logs.delete(name);
  }

  /** Whoever does not find a log in memory from now on takes none of its numbers again. */
  #raiseFloor(name: LogName): void {
    this.#floor = Math.max(this.#floor, this.#logs.get(name)?.top ?? 0);
  }

  #page(log: LogName, after: number, maxPacks: number): Promise<Page | null> {
    if (this.#isClosed) return Promise.resolve(null);
    return this.#store.read('packs', { log, after, maxPacks }).catch(() => null);
  }

  /** @returns whether the store has answered: a state that it refuses is given up */
  #keep(log: LogName, { seq, state }: KeptState): Promise<boolean> {
    if (this.#isClosed || this.#retry !== null) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#store.write(
        { kind: 'keep', log, seq, state, mayBegin: state !== null },
        {
          written: () => {
            resolve(true);
          },
          failed: (failure) => {
            this.#failed(failure);
            resolve(failure.code === 'ERR_STORE_REFUSED');
          },
        },
      );
    });
  }

  #write(write: Write): Promise<boolean> {
    return this.#isClosed ? Promise.resolve(false) : this.#put(write);
  }

  #put(write: Write): Promise<boolean> {
    return new Promise((resolve) => {
      this.#store.write(write, {
        written: () => {
          resolve(true);
        },
        failed: (failure) => {
          this.#failed(failure);
          resolve(false);
        },
      });
    });
  }

  /**
   * The store has failed: this is reported to all followers once, and it is tried again in a while. A write that it
   * does not take while it takes others is not reported to them.
   */
  #failed(failure: Failure): void {
    if (this.#isClosed || this.#retry !== null || failure.code === 'ERR_STORE_REFUSED') return;
    this.#retry = setTimeout(this.#tryAgain, RETRY_MS);
    this.#onTrouble(failure);
    for (const log of this.#logs.values()) log.away();
  }

  /** Writes something that takes up space, and removes it: so there is room for the next packs. */
  readonly #tryAgain = (): void => {
    void (async () => {
      const hasRoom = (await this.#try(TRIAL_BYTES)) && (await this.#try(0));
      if (this.#isClosed) return;
      this.#retry = hasRoom ? null : setTimeout(this.#tryAgain, RETRY_MS);
      if (!hasRoom) return;
      this.#onTrouble(null);
      for (const log of [...this.#logs.values()]) log.back();
    })();
  };

  #try(bytes: number): Promise<boolean> {
    return this.#put({ kind: 'trial', bytes });
  }
}

/** Rows of logs that have been written by {@link SqliteLog} alone. */
function isOfLog<T extends { readonly log: string }>(ends: T): ends is T & { readonly log: LogName } {
  return isLogName(ends.log);
}
