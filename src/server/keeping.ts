/** What the chat of one server finds in its store, and leaves there. */
import { performance } from 'node:perf_hooks';
import type { StoreReadings } from '../admin/readings.js';
import type { Chat, ChatOptions } from '../chat/chat.js';
import type { LogName } from '../log/entry.js';
import { MemoryLog } from '../log/memory-log.js';
import type { StoredBan } from '../store/ban-writes.js';
import { LastingWrites } from '../store/lasting-writes.js';
import type { StoredMember } from '../store/member-reads.js';
import type { MigrationProgress } from '../store/migrations.js';
import { SqliteLog } from '../store/sqlite-log.js';
import { Store } from '../store/store.js';
import type { Failure } from '../store/store-error.js';
import { StoredAccounts } from '../store/stored-accounts.js';
import { StoredHistory } from '../store/stored-history.js';
import { StoredMarkers } from '../store/stored-markers.js';
import type { StoreConfig } from './config/server-config.js';
import type { Log } from './log.js';
import { Retention } from './retention.js';
import { RoutedLog } from './routed-log.js';
import { StoredBans } from './stored-bans.js';
import { StoredMembers } from './stored-members.js';
import { StoredRooms } from './stored-rooms.js';

/** The name of this process among those that could share the logs. */
const NODE = 'a';

/** What it is made of. */
interface KeepingParts {
  readonly store: Store;
  readonly logs: SqliteLog;
  readonly bans: readonly StoredBan[];
  readonly members: readonly StoredMember[];
  readonly erased: readonly string[];
  readonly config: StoreConfig;
  readonly log: Log;
}

/** An open store with what a chat needs of it. */
export class Keeping {
  /** What the chat is made with. */
  readonly chat: Pick<ChatOptions, 'log' | 'node' | 'keeper' | 'memberKeeper' | 'bans'>;
  readonly store: Store;
  readonly accounts: StoredAccounts;
  /** What was said, in rooms that are kept, and to accounts. */
  readonly history: StoredHistory;
  readonly members: StoredMembers;
  readonly markers: StoredMarkers;
  readonly #log: SqliteLog;
  readonly #writes: LastingWrites;
  readonly #erased: readonly string[];
  readonly #retention: Retention;

  private constructor({ store, logs, bans, members, erased, config, log }: KeepingParts) {
    this.store = store;
    this.markers = new StoredMarkers(store);
    this.history = new StoredHistory(store, (shelf) => !shelf.startsWith('s:') && daysOf(shelf, config) !== 0);
    this.#writes = new LastingWrites(store);
    this.members = new StoredMembers(this.#writes, members);
    this.#erased = erased;
    this.#log = logs;
    this.#retention = new Retention({ store, daysOf: (name) => daysOf(name, config), log });
    this.accounts = new StoredAccounts(store);
    const isStored = (name: LogName): boolean => name.startsWith('r:') && daysOf(name, config) !== 0;
    this.chat = {
      // Who is called what, and what is said in private, ends with the process.
      log: new RoutedLog(logs, new MemoryLog({ maxEntries: 0 }), isStored),
      node: `${NODE}.${store.facts.run}`,
      keeper: new StoredRooms(store, logs, isStored),
      memberKeeper: this.members,
      bans: { store: new StoredBans(this.#writes, bans) },
    };
  }

  /** Opens the store that the configuration names. @throws StoreError */
  static async open(config: StoreConfig, log: Log): Promise<Keeping> {
    const pace = {
      late: (ms: number): void => {
        log.warn('the store is late: rooms wait', { ms: Math.round(ms) });
      },
      caughtUp: (ms: number): void => {
        log.warn('the store has answered', { ms: Math.round(ms) });
      },
    };
    const hearers = { pace, refused: refusals(log), migrating: migrations(log) };
    const store = await Store.open({ ...config, folder: config.path, ...hearers }, ({ code, message }) => {
      log.error('the store is lost: rooms take nothing until a restart', { code, message });
    });
    try {
      const logs = await SqliteLog.open(store, { onTrouble: (failure) => report(failure, log) });
      const bans = await store.read('bans', null);
      const members = await store.read('members', null);
      const erased = await store.read('erased', null);
      return new Keeping({ store, logs, bans, members, erased, config, log });
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /**
   * Forgets from now on what is older than the configuration allows.
   *
   * @param keepRooms - keeps all rooms: what a room has come from is needed until then
   */
  retain(keepRooms: () => void): void {
    this.#retention.start(keepRooms);
  }

  /**
   * Lets a chat know what has happened while no server ran: who has stayed, and, as soon as it has all rooms, which
   * accounts are erased.
   */
  bringBack(chat: Chat): void {
    if (this.#erased.length > 0) {
      chat.whenCaughtUp(() => {
        for (const account of this.#erased) chat.releaseAccount(account);
        this.#writes.write('erased', { kind: 'erased-done' });
      });
    }
    for (const member of this.members.members) chat.restore(member, null);
  }

  readings(): StoreReadings {
    return { ...this.store.readings(), isTakingWrites: this.#log.isTakingWrites };
  }

  /** Takes nothing more: what happens from now on, such as the parting of everybody, is not kept. */
  freeze(): void {
    this.#retention.stop();
    this.history.close();
    this.members.freeze();
    this.#writes.close();
    this.#log.close();
  }

  /** Writes what is still to be written, and closes the store. */
  close(): Promise<void> {
    this.freeze();
    return this.store.close();
  }
}

function report(failure: Failure | null, log: Log): void {
  if (failure === null) log.warn('the store takes writes again', {});
  else log.error('the store takes no writes: rooms wait', { code: failure.code, message: failure.message });
}

/** How often a migration that takes long is reported, in milliseconds. */
const MIGRATION_REPORT_MS = 5_000;

/** Reports how far the store of an earlier version is. */
function migrations(log: Log): (progress: MigrationProgress) => void {
  let nextMs = 0;
  return ({ version, done, total }) => {
    const now = performance.now();
    if (now < nextMs && done < total) return;
    nextMs = now + MIGRATION_REPORT_MS;
    log.warn('the store is being brought to a later version', { version, done, total });
  };
}

/** The most reasons that are told apart. */
const MAX_REASONS = 100;

/** Reports that a write is given up, once for each kind of writes and each reason. */
function refusals(log: Log): (kind: string, failure: Failure) => void {
  const known = new Set<string>();
  return (kind, { code, message }) => {
    const reason = `${kind} ${message}`;
    if (known.has(reason) || known.size >= MAX_REASONS) return;
    known.add(reason);
    log.error('the store does not take a write: it is given up', { write: kind, code, message });
  };
}

/** How many days a room is kept; null for ever. One that got another name is kept as the one that it was. */
function daysOf(log: string, { history }: StoreConfig): number | null {
  // Asked for each message that a room in memory takes, too.
  if (history.rooms.size === 0 || !log.startsWith('r:')) return history.days;
  const [name = ''] = log.slice('r:'.length).split(' ');
  return history.rooms.get(name) ?? (history.rooms.has(name) ? null : history.days);
}
