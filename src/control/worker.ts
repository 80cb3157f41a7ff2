/** One worker. It is started again whenever it ends, and becomes another process when it is upgraded. */
import { performance } from 'node:perf_hooks';
import { Backoff } from './backoff.js';
import { processThatLends } from './lent-sockets.js';
import { lendingFileOf, removeFilesOf } from './worker-files.js';
import { findProcess, startWorker, type WorkerCommand, type WorkerEnd, type WorkerProcess } from './worker-process.js';
import type { WorkerSockets } from './worker-sockets.js';

/**
 * The state of a worker. `draining`: it ends when its clients have left, and then another process takes its place.
 * `waiting`: it is going to be started again.
 */
export type WorkerState = 'starting' | 'ready' | 'draining' | 'waiting' | 'ended';

/** The observer of workers. */
export interface WorkerObserver {
  ready(worker: Worker): void;
  /** The worker was running before this process looked after it. */
  found(worker: Worker): void;
  /** The worker has drained, and is started again. */
  drained(worker: Worker): void;
  /** The worker has not ended in time, and is killed. */
  stuck(worker: Worker): void;
  /** The worker has ended by itself. @param delayMs - when it is started again, in milliseconds */
  lost(worker: Worker, end: WorkerEnd, delayMs: number): void;
}

/** The parts that all workers share. */
export interface WorkerParts {
  readonly folder: string;
  readonly sockets: WorkerSockets;
  /** Returns the command that starts a worker. */
  readonly command: (name: string) => WorkerCommand;
  readonly observer: WorkerObserver;
}

/** While a worker waits for longer than this, in milliseconds, it keeps no connections waiting. */
const PATIENT_MS = 1_000;

export class Worker {
  readonly name: string;
  readonly #parts: WorkerParts;
  readonly #backoff = new Backoff();
  #process: WorkerProcess | null = null;
  #state: WorkerState = 'waiting';
  #sinceMs = performance.now();
  #retry: NodeJS.Timeout | null = null;
  /** When it is killed because it does not end. */
  #deadline: NodeJS.Timeout | undefined;
  #isEnding = false;
  /** The last start that was begun. It does not reject. */
  #starting: Promise<unknown> = Promise.resolve();
  #hasEnded: () => void = () => undefined;
  /** How often the worker has been started again because it had ended by itself. */
  restarts = 0;
  /** Resolves when the worker has ended for good. */
  readonly ended: Promise<void>;

  constructor(name: string, parts: WorkerParts) {
    this.name = name;
    this.#parts = parts;
    this.ended = new Promise((resolve) => {
      this.#hasEnded = resolve;
    });
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** The process; null while there is none. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /**
   * Starts the worker.
   *
   * @returns how it ended if it was not ready before that; null otherwise
   * @throws as `listen` does
   */
  start(): Promise<WorkerEnd | null> {
    const started = this.#start();
    this.#starting = started.catch(() => undefined);
    return started;
  }

  async #start(): Promise<WorkerEnd | null> {
    this.#state = 'starting';
    const sockets = await this.#parts.sockets.of(this.name);
    // Meanwhile nobody may be left to look after it.
    if (this.state !== 'starting') return null;
    const started = startWorker(this.#parts.command(this.name), sockets);
    this.#watch(started);
    if (!(await started.ready)) return started.ended;
    if (this.#process === started) {
      this.#state = 'ready';
      this.#parts.observer.ready(this);
    }
    return null;
  }

  /** Starts the worker, and again later if it cannot be started. @returns after the first attempt */
  async keepStarting(): Promise<void> {
    try {
      // One that has ended is started again.
      await this.start();
    } catch {
      // The port is taken, for example.
      if (this.#process === null) this.#lost(0, { code: null, signal: null });
    }
  }

  /** Takes over a process that runs already. @returns false if it has ended */
  adopt(pid: number): boolean {
    const found = findProcess(pid);
    if (found === null) return false;
    this.#state = 'ready';
    this.#watch(found);
    return true;
  }

  /** Takes over a process that drains. @param patienceMs - as for {@link drain} @returns false if it has ended */
  adoptDraining(pid: number, patienceMs: number): boolean {
    if (!this.adopt(pid)) return false;
    this.#drains(patienceMs);
    return true;
  }

  /** Sends the process a signal, if it runs. */
  signal(name: NodeJS.Signals): void {
    this.#process?.signal(name);
  }

  /** Whether there is a process that can be asked. */
  get canAnswer(): boolean {
    return this.#state === 'ready' || this.#state === 'draining';
  }

  /**
   * Has the worker end once its clients have left or their time is over, and then start again. Asked again, it ends at
   * once.
   *
   * @param patienceMs - when it is killed, in milliseconds: one that hangs would keep its place for ever
   */
  drain(patienceMs: number): void {
    this.#drains(patienceMs);
    // The worker closes its own as well: new connections must not wait for its end.
    this.#parts.sockets.drop(this.name);
    this.signal('SIGTERM');
  }

  #drains(patienceMs: number): void {
    this.#state = 'draining';
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      this.#parts.observer.stuck(this);
      this.signal('SIGKILL');
    }, patienceMs);
  }

  /** Resolves when the worker is not being started any more. */
  get started(): Promise<unknown> {
    return this.#starting;
  }

  /** From now on the worker is not started again: {@link ended} resolves when it has ended. */
  end(): void {
    this.#isEnding = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#process === null) this.#finish();
  }

  /** Looks after the process no more, whatever becomes of it. */
  letGo(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    const watched = this.#process;
    this.#process = null;
    this.#state = 'ended';
    watched?.letGo();
  }

  #watch(watched: WorkerProcess): void {
    this.#process = watched;
    this.#sinceMs = performance.now();
    void watched.ended.then((end) => {
      if (this.#process === watched) this.#lost(watched.pid, end);
    });
  }

  #lost(pid: number, end: WorkerEnd): void {
    this.#process = null;
    clearTimeout(this.#deadline);
    const successor = this.#successorOf(pid);
    if (successor !== null && this.adopt(successor)) {
      this.#parts.observer.found(this);
      if (this.#isEnding) this.signal('SIGTERM');
      return;
    }
    if (this.#isEnding) {
      this.#finish();
      return;
    }
    if (this.#state === 'draining') {
      this.#parts.observer.drained(this);
      void this.keepStarting();
      return;
    }
    this.#state = 'waiting';
    const delayMs = this.#backoff.after(performance.now() - this.#sinceMs);
    if (delayMs > PATIENT_MS) this.#parts.sockets.drop(this.name);
    this.#parts.observer.lost(this, end, delayMs);
    this.#retry = setTimeout(() => {
      this.#restart();
    }, delayMs);
  }

  /** Another process has succeeded one that was upgraded. */
  #successorOf(pid: number): number | null {
    const found = processThatLends(this.#parts.folder, lendingFileOf(this.name));
    return found === pid ? null : found;
  }

  #restart(): void {
    this.#retry = null;
    this.restarts += 1;
    void this.keepStarting();
  }

  #finish(): void {
    this.#state = 'ended';
    removeFilesOf(this.#parts.folder, this.name);
    this.#hasEnded();
  }
}
