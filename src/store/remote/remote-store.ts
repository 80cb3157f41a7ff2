/** A store that another process has: everything that is asked of it goes over one channel. */
import { deserialize, serialize } from 'node:v8';
import type { Found, SearchQuery } from '../../history/search-query.js';
import type { ChannelEvents } from '../../log/channel.js';
import { Redial, type RedialOptions } from '../../log/redial.js';
import { Pace, type PaceObserver } from '../pace.js';
import { SharedWrites } from '../shared-writes.js';
import type { StoreReadings } from '../store.js';
import type { StoreAccess } from '../store-access.js';
import { type Failure, failureOf, StoreError } from '../store-error.js';
import type { Reads, StoreFacts, Write, Written } from '../tasks.js';
import type { RefusalObserver, WriteAnswer } from '../write-batches.js';
import { Courier } from './courier.js';
import { type Hello, isStoreTell, STORE_PROTOCOL_VERSION, type StoreAsk, type StoreTell } from './messages.js';

/** The choices of a {@link RemoteStore}. */
export interface RemoteStoreOptions extends RedialOptions {
  /** The form of the data that this version knows, such as `sqlite 5`. */
  readonly form: string;
  /** The observer of a store that is late. */
  readonly pace: PaceObserver;
  readonly refused: RefusalObserver;
  /** Whether another user of the store writes the lines of a shelf, so that this one need not. @defaultValue no */
  readonly isOthers?: (shelf: string) => boolean;
  /** How long a start waits for the store, in milliseconds, at least 1. @defaultValue 15,000 */
  readonly startMs?: number;
  /** How long the store may be gone before questions fail, in milliseconds, at least 0. @defaultValue 5,000 */
  readonly patienceMs?: number;
}

const START_MS = 15_000;
const PATIENCE_MS = 5_000;
/** The most questions that wait for an answer. */
const MAX_QUESTIONS = 10_000;
/** The most lines of which it is found out at once whether they are there. */
const MAX_LOOKED_UP = 64;

/** One request, without its id. */
type Wanted = StoreAsk extends infer A ? (A extends { readonly id: number } ? Omit<A, 'id'> : never) : never;

/** A caller that waits for an answer. */
interface Question {
  readonly ask: Wanted;
  readonly body: Uint8Array;
  /** Whether it may be asked again when its outcome is not known. */
  readonly isRepeatable: boolean;
  readonly done: (body: Uint8Array) => void;
  readonly failed: (failure: Failure) => void;
}

/**
 * While the other process is gone, questions wait for it, for some seconds. Questions that were under way are asked
 * again; writes that were under way fail, because their outcome is unknown.
 */
export class RemoteStore implements StoreAccess, ChannelEvents {
  readonly #hello: Hello;
  readonly #patienceMs: number;
  readonly #writes: SharedWrites;
  readonly #line: Redial;
  /** Null while the other end is not there. */
  #courier: Courier | null = null;
  #isReachable = false;
  /** Cancels the waiting questions; null while the other end is there. */
  #patience: NodeJS.Timeout | null = null;
  #lastId = 0;
  /** The questions under way, by their ids, in order. */
  readonly #asked = new Map<number, Question>();
  /** The questions that wait for the other end to be there. */
  #waiting: Question[] = [];
  #facts: StoreFacts = { run: 0, prefix: '' };
  #readings: StoreReadings = { bytes: 0, queued: 0, batchesTotal: 0, lateBatchesTotal: 0, busyMsTotal: 0 };
  #failure: Failure = UNREACHABLE;
  #closing: Promise<void> | null = null;
  #isClosed = false;

  private constructor(options: RemoteStoreOptions) {
    const { form, pace, refused, patienceMs = PATIENCE_MS, isOthers = () => false, ...line } = options;
    this.#hello = { kind: 'hello', version: STORE_PROTOCOL_VERSION, form };
    this.#patienceMs = patienceMs;
    this.#writes = new SharedWrites({
      pace: new Pace(pace),
      refused,
      isOthers,
      areThere: (lines) => this.#areThere(lines),
      send: (batch) => this.#writeBatch(batch).catch(failureOf),
    });
    this.#line = new Redial(line, this);
  }

  /** Opens the store, which counts as an opening. @throws StoreError: ERR_STORE_CONNECTION, ERR_STORE_VERSION */
  static async open(options: RemoteStoreOptions): Promise<RemoteStore> {
    const store = new RemoteStore(options);
    const timer = setTimeout(() => {
      store.#giveUp(store.#failure);
    }, options.startMs ?? START_MS);
    try {
      store.#facts = await store.#ask({ kind: 'begin' }, null);
      return store;
    } catch (error) {
      store.#line.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether the other end is there. */
  get isReachable(): boolean {
    return this.#isReachable;
  }

  get facts(): StoreFacts {
    return this.#facts;
  }

  write(write: Write, answer?: WriteAnswer): void {
    this.#writes.write(write, answer);
  }

  hurry(): void {
    this.#writes.hurry();
  }

  /** A write and a question of a person wait for no more than some of these questions. */
  async #areThere(lines: readonly Write<'line'>[]): Promise<readonly boolean[]> {
    const there: boolean[] = [];
    while (there.length < lines.length) {
      const next = lines.slice(there.length, there.length + MAX_LOOKED_UP);
      there.push(...(await Promise.all(next.map((line) => this.#isThere(line)))));
    }
    return there;
  }

  async #isThere({ shelf, line: { msgid } }: Write<'line'>): Promise<boolean> {
    return (await this.read('line-time', { shelves: [shelf], msgid })) !== null;
  }

  read<K extends keyof Reads>(job: K, ask: Reads[K]['ask']): Promise<Reads[K]['answer']> {
    return this.#ask<Reads[K]['answer']>({ kind: 'read', job }, ask);
  }

  search(query: SearchQuery): Promise<Found> {
    return this.#ask<Found>({ kind: 'search' }, query);
  }

  /** Whether something has been asked for that is not answered yet. */
  get isBusy(): boolean {
    return this.#writes.isBusy || this.#asked.size > 0 || this.#waiting.length > 0;
  }

  /** The other process knows the size; the next readings contain its answer. */
  readings(): StoreReadings {
    if (this.#isReachable) void this.#measure().catch(() => undefined);
    return { ...this.#readings, ...this.#writes.readings() };
  }

  async #measure(): Promise<void> {
    this.#readings = await this.#ask<StoreReadings>({ kind: 'readings' }, null);
  }

  #writeBatch(batch: readonly Write[]): Promise<readonly Written[]> {
    return this.#ask<readonly Written[]>({ kind: 'write' }, batch);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#writes.finish();
    this.#isClosed = true;
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#failure = { code: 'ERR_STORE_FAILED', message: 'the store is closed' };
    this.#line.close();
    this.#giveUp(this.#failure);
  }

  #ask<T>(ask: Wanted, body: unknown): Promise<T> {
    const decode: (bytes: Uint8Array) => T = deserialize;
    return new Promise((resolve, reject) => {
      const failed = ({ code, message }: Failure): void => {
        reject(new StoreError(code, message));
      };
      const done = (bytes: Uint8Array): void => {
        resolve(decode(bytes));
      };
      const question = { ask, body: serialize(body), isRepeatable: ask.kind !== 'write', done, failed };
      if (this.#isReachable && this.#asked.size < MAX_QUESTIONS) this.#post(question);
      else if (this.#isHopeless || this.#waiting.length >= MAX_QUESTIONS) failed(this.#failure);
      else this.#waiting.push(question);
    });
  }

  /** Whether the other end has been gone for so long that nothing waits for it. */
  get #isHopeless(): boolean {
    return !this.#isReachable && this.#patience === null && this.#facts.run > 0;
  }

  #post(question: Question): void {
    this.#lastId += 1;
    this.#asked.set(this.#lastId, question);
    this.#courier?.send({ ...question.ask, id: this.#lastId }, question.body);
  }

  /** Nothing waits any more. */
  #giveUp(failure: Failure): void {
    this.#patience = null;
    const questions = [...this.#asked.values(), ...this.#waiting];
    this.#asked.clear();
    this.#waiting = [];
    for (const { failed } of questions) failed(failure);
  }

  // Events of the channel

  opened(): void {
    this.#courier = new Courier(this.#line.channel);
    this.#courier.send(this.#hello);
  }

  received(bytes: Uint8Array): void {
    const isUnderstood = this.#courier?.take(bytes, (head, body) => isStoreTell(head) && this.#hear(head, body));
    if (isUnderstood !== true) this.#line.channel.close();
  }

  drained(): void {
    this.#courier?.drained();
  }

  closed(): void {
    const wasReachable = this.#isReachable;
    this.#courier = null;
    this.#isReachable = false;
    this.#line.lost();
    if (!wasReachable || this.#isClosed) return;
    this.#patience = setTimeout(() => {
      this.#giveUp(this.#failure);
    }, this.#patienceMs);
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    this.#waiting = [...asked.filter(({ isRepeatable }) => isRepeatable), ...this.#waiting];
    for (const { isRepeatable, failed } of asked) if (!isRepeatable) failed(LOST);
  }

  /** @returns false if that message must not arrive now */
  #hear(what: StoreTell, body: Uint8Array): boolean {
    if (what.kind === 'hello') return this.#greet(what);
    const question = this.#asked.get(what.id);
    if (!this.#isReachable || question === undefined) return false;
    this.#asked.delete(what.id);
    if (what.kind === 'failed') question.failed({ code: what.code, message: what.message });
    else question.done(body);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#post(next);
    return true;
  }

  /** The other end is there. */
  #greet({ version, form }: Hello): boolean {
    if (this.#isReachable) return false;
    if (version !== this.#hello.version || form !== this.#hello.form) {
      const theirs = `version ${version}, data as ${form}`;
      this.#failure = {
        code: 'ERR_STORE_VERSION',
        message: `the process that has the store is another one: ${theirs}`,
      };
      return false;
    }
    this.#failure = UNREACHABLE;
    this.#isReachable = true;
    this.#line.succeeded();
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#patience = null;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const question of waiting) this.#post(question);
    return true;
  }
}

const UNREACHABLE: Failure = {
  code: 'ERR_STORE_CONNECTION',
  message: 'the process that has the store cannot be reached',
};
const LOST: Failure = {
  code: 'ERR_STORE_CONNECTION',
  message: 'the process that has the store was lost: nobody knows whether it was written',
};
