/** The store of one server: its file, which no other process has, and the two threads that work on it. */
import { closeSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Found, SearchQuery } from '../history/search-query.js';
import { Checkpoints } from './checkpoints.js';
import type { Durability } from './database.js';
import { lockFolder, STORE_FILE } from './folder.js';
import { Indexing } from './indexing.js';
import { Merging } from './merging.js';
import type { MigrationProgress } from './migrations.js';
import { Pace, type PaceObserver } from './pace.js';
import { SpareThread } from './spare-thread.js';
import { type Failure, failureOf, StoreError } from './store-error.js';
import { StoreThread } from './store-thread.js';
import type { Reads, StoreFacts, ThreadData, Write } from './tasks.js';
import { type RefusalObserver, type WriteAnswer, WriteBatches, type WriteReadings } from './write-batches.js';

/** The choices of a {@link Store}. */
export interface StoreOptions {
  /** The folder of the store; it is made if there is none. */
  readonly folder: string;
  /** @defaultValue `process` */
  readonly durability?: Durability;
  /** The most bytes of the file, at least 0; 0 for no limit. @defaultValue 0 */
  readonly maxBytes?: number;
  /** The observer of a store that is late. */
  readonly pace?: PaceObserver;
  /** Receives how far the file is, if it is of an earlier version that takes a while. */
  readonly migrating?: (progress: MigrationProgress) => void;
  readonly refused?: RefusalObserver;
}

/** The readings that a store has at any time. */
export interface StoreReadings extends WriteReadings {
  /** The size of the file, with the latest writes. */
  readonly bytes: number;
}

/** One is written while the next is gathered: more would only wait in the thread instead of joining a batch here. */
const MAX_BATCHES = 2;

/** Everything that makes a store. */
interface StoreParts {
  readonly facts: StoreFacts;
  readonly lockFd: number;
  readonly path: string;
  readonly writes: WriteBatches;
  readonly writer: StoreThread;
  readonly reader: StoreThread;
  readonly searcher: SpareThread;
  readonly checkpoints: Checkpoints;
  readonly indexing: Indexing;
}

/** Ignores that a store is late. */
const UNOBSERVED: PaceObserver = { late: () => undefined, caughtUp: () => undefined };

/** A store that is open. One turn's writes are one transaction, without those that SQLite never takes. */
export class Store {
  readonly facts: StoreFacts;
  readonly #lockFd: number;
  readonly #writer: StoreThread;
  readonly #reader: StoreThread;
  readonly #searcher: SpareThread;
  readonly #checkpoints: Checkpoints;
  readonly #indexing: Indexing;
  readonly #path: string;
  readonly #writes: WriteBatches;
  #closing: Promise<void> | null = null;

  private constructor(parts: StoreParts) {
    this.facts = parts.facts;
    this.#lockFd = parts.lockFd;
    this.#path = parts.path;
    this.#writes = parts.writes;
    this.#writer = parts.writer;
    this.#reader = parts.reader;
    this.#searcher = parts.searcher;
    this.#checkpoints = parts.checkpoints;
    this.#indexing = parts.indexing;
  }

  /**
   * Opens the store of a folder.
   *
   * @param lost - called if a thread ends by itself; nothing works from then on
   * @throws StoreError
   */
  static async open(options: StoreOptions, lost: (failure: Failure) => void): Promise<Store> {
    const {
      folder,
      durability = 'process',
      maxBytes = 0,
      pace = UNOBSERVED,
      refused = () => undefined,
      migrating,
    } = options;
    const lockFd = lockFolder(folder);
    try {
      const path = join(folder, STORE_FILE);
      const data = { path, durability, maxBytes };
      const start = (role: ThreadData['role'], ended = lost): Promise<StoreThread> =>
        StoreThread.start({ ...data, role }, ended, migrating);
      // The reader needs the file that the writer makes.
      const writer = await start('write');
      try {
        const facts = await writer.ask('begin', null).catch((error: unknown) => {
          const { code, message } = failureOf(error);
          throw new StoreError(code, `${path}: ${message}`, { cause: error });
        });
        const reader = await start('read');
        const searcher = new SpareThread((ended) => start('read', ended));
        const checkpoints = new Checkpoints(new SpareThread((ended) => start('checkpoint', ended)));
        const merging = new Merging((pages) => writer.ask('merge', { pages }));
        const indexing = new Indexing((lines) => writer.ask('index', { lines }), {
          indexed: (lines) => {
            merging.indexed(lines);
          },
          failed: (error) => {
            const failure = failureOf(error);
            // A full disk takes no lines either, and is reported by them.
            if (failure.code !== 'ERR_STORE_FULL') refused('line', failure);
          },
        });
        // For lines that a killed process had not indexed.
        indexing.written(0);
        const writes = new WriteBatches({
          atOnce: MAX_BATCHES,
          pace: new Pace(pace),
          refused,
          send: async (batch) => {
            const outcome = await writer.ask('write', batch).catch(failureOf);
            checkpoints.committed(batch.length);
            const lines = batch.filter(({ kind }) => kind === 'line').length;
            if (lines > 0) indexing.written(lines);
            return outcome;
          },
        });
        return new Store({ facts, lockFd, path, writes, writer, reader, searcher, checkpoints, indexing });
      } catch (error) {
        await writer.close();
        throw error;
      }
    } catch (error) {
      closeSync(lockFd);
      throw error;
    }
  }

  /** Counts another opening, by a process that this one serves the store to. @throws StoreError */
  begin(): Promise<StoreFacts> {
    return this.#writer.ask('begin', null);
  }

  /** Writes something with everything else that this turn has to write. */
  write(write: Write, answer?: WriteAnswer): void {
    this.#writes.write(write, answer);
  }

  /** Asks for stored data: the answer includes every write that has been answered. @throws StoreError */
  read<K extends keyof Reads>(job: K, ask: Reads[K]['ask']): Promise<Reads[K]['answer']> {
    return this.#reader.ask(job, ask);
  }

  /**
   * Searches everything whose write has been answered. It may take some tenths of a second: no other question waits for
   * it.
   *
   * @throws StoreError
   */
  async search(query: SearchQuery): Promise<Found> {
    await this.#indexing.caughtUp();
    return this.#searcher.ask('search', query);
  }

  /** Whether something has been asked for that is not answered yet. */
  get isBusy(): boolean {
    return this.#writes.isBusy || this.#reader.isBusy || this.#searcher.isBusy;
  }

  readings(): StoreReadings {
    const sizes = [this.#path, `${this.#path}-wal`].map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0);
    return { bytes: sizes.reduce((sum, size) => sum + size, 0), ...this.#writes.readings() };
  }

  /** Completes the pending writes, and closes the file. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#writes.finish();
    await this.#indexing.caughtUp();
    await this.#reader.close();
    await this.#searcher.close();
    await this.#checkpoints.close();
    // The last connection to be closed takes in the rest.
    await this.#writer.close();
    closeSync(this.#lockFd);
  }
}
