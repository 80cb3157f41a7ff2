/** One thread of the store, seen from the thread of the loop. */
import { Worker } from 'node:worker_threads';
import type { MigrationProgress } from './migrations.js';
import { type Failure, StoreError } from './store-error.js';
import type { Answer, Jobs, Report, Task, ThreadData } from './tasks.js';
import { threadFile } from './thread-file.js';

/** Node.js 22 warns that its SQLite is experimental. Deno does not know the flag, and would start no thread with it. */
const QUIET = '--disable-warning=ExperimentalWarning';

/** The observer of a task's end. */
interface Waiter<T> {
  done(value: T): void;
  failed(failure: Failure): void;
}

type Waiters = { [K in keyof Jobs]?: Map<number, Waiter<Jobs[K]['answer']>> };

/** A thread that has opened the file. */
export class StoreThread {
  readonly #worker: Worker;
  readonly #waiters: Waiters = {};
  #lastId = 0;
  #failure: Failure | null = null;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /**
   * Starts a thread.
   *
   * @param lost - called if it ends later, without having been told to
   * @param migrating - receives how far the file is, if it is one of an earlier version
   * @throws StoreError if it cannot open the file
   */
  static start(
    data: ThreadData,
    lost: (failure: Failure) => void,
    migrating: (progress: MigrationProgress) => void = () => undefined,
  ): Promise<StoreThread> {
    const known = process.allowedNodeEnvironmentFlags;
    const worker = new Worker(threadFile, { execArgv: known.has(QUIET) ? [QUIET] : [] });
    const thread = new StoreThread(worker);
    worker.postMessage(data);
    return new Promise((resolve, reject) => {
      let isReady = false;
      const end = (failure: Failure): void => {
        reject(new StoreError(failure.code, failure.message));
        if (thread.#end(failure) && isReady) lost(failure);
      };
      worker.on('message', (report: Report) => {
        if (report.kind === 'ready') {
          isReady = true;
          resolve(thread);
        } else if (report.kind === 'migrating') migrating(report.progress);
        else if (report.kind === 'unusable') end(report.failure);
        else if (report.kind === 'failed') thread.#take(report.job, report.id)?.failed(report.failure);
        else thread.#hear(report);
      });
      worker.on('error', (error: Error) => {
        end({ code: 'ERR_STORE_FAILED', message: `a thread of the store has failed: ${error.message}` });
      });
      worker.on('exit', () => {
        end({ code: 'ERR_STORE_FAILED', message: 'a thread of the store has ended' });
      });
    });
  }

  /** Whether something has been asked for that is not answered yet. */
  get isBusy(): boolean {
    return Object.values(this.#waiters).some(({ size }) => size > 0);
  }

  /** Asks the thread to do something. @throws StoreError when it cannot, or has ended */
  ask<K extends keyof Jobs>(job: K, ask: Jobs[K]['ask']): Promise<Jobs[K]['answer']> {
    return new Promise((resolve, reject) => {
      const failed = ({ code, message }: Failure): void => {
        reject(new StoreError(code, message));
      };
      if (this.#failure !== null) {
        failed(this.#failure);
        return;
      }
      this.#lastId += 1;
      this.#waitersOf(job).set(this.#lastId, { done: resolve, failed });
      this.#post({ id: this.#lastId, job, ask });
    });
  }

  /** Closes the file, once everything is done that has been asked for. */
  async close(): Promise<void> {
    if (this.#failure !== null) return;
    const closed = this.ask('close', null);
    this.#failure = { code: 'ERR_STORE_FAILED', message: 'the store is closed' };
    await closed.catch(() => undefined);
    await this.#worker.terminate();
  }

  #post<K extends keyof Jobs>(task: Task<K>): void {
    this.#worker.postMessage(task);
  }

  #hear<K extends keyof Jobs>({ job, id, value }: Answer<K>): void {
    this.#take(job, id)?.done(value);
  }

  #waitersOf<K extends keyof Jobs>(job: K): Map<number, Waiter<Jobs[K]['answer']>> {
    const known: Waiters[K] = this.#waiters[job];
    if (known !== undefined) return known;
    const made: NonNullable<Waiters[K]> = new Map<number, Waiter<Jobs[K]['answer']>>();
    this.#waiters[job] = made;
    return made;
  }

  #take<K extends keyof Jobs>(job: K, id: number): Waiter<Jobs[K]['answer']> | undefined {
    const waiters = this.#waitersOf(job);
    const waiter = waiters.get(id);
    waiters.delete(id);
    return waiter;
  }

  /** All tasks under way have failed. @returns false if the thread was told to end */
  #end(failure: Failure): boolean {
    const isLost = this.#failure === null;
    this.#failure ??= failure;
    for (const waiters of Object.values(this.#waiters)) {
      for (const waiter of waiters.values()) waiter.failed(failure);
      waiters.clear();
    }
    return isLost;
  }
}
