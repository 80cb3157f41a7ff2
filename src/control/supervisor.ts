/** All workers of a folder: they start together, are upgraded one after the other, and end together. */
import { hasCode, toError } from '../errors.js';
import { askServer } from './ask.js';
import type { Lent } from './lent-sockets.js';
import { quoted } from './quoted.js';
import { ControlError, type Reply, type Request } from './request.js';
import { Worker, type WorkerParts } from './worker.js';
import { controlFileOf } from './worker-files.js';
import type { WorkerEnd } from './worker-process.js';

/** How long a worker may take to answer, in milliseconds. */
const ANSWER_MS = 10_000;
/** How long a worker may take to start before an upgrade goes on without it, in milliseconds. */
const START_MS = 10_000;
/** How long a worker may take to show that it is there if another one can do the same, in milliseconds. */
const GREETING_MS = 1_000;
/** How long it may take to store something: it gives up earlier, after 30 s. */
const STORE_MS = 45_000;
/** How long it may take to say its metrics: Prometheus gives up after 10 s, and then has those of no worker. */
const METRICS_MS = 5_000;
/** How long some verbs may take, in milliseconds. An upgrade checks the store before it is used, which may be large. */
const PATIENCE_MS = new Map([
  ['metrics', METRICS_MS],
  ['ban', STORE_MS],
  ['unban', STORE_MS],
  ['upgrade', 660_000],
]);

/** A worker has ended before it was ready, when all were started. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';

  constructor(worker: string, { code, signal }: WorkerEnd) {
    const how = signal ?? `exit code ${String(code)}`;
    super(`worker ${worker} has not started (${how}): what it says is above`);
  }
}

/** The answer of one worker. */
export interface WorkerReply {
  readonly worker: Worker;
  /** An error if there is no answer. */
  readonly reply: Reply | Error;
}

export class Supervisor {
  readonly workers: readonly Worker[];
  readonly #parts: WorkerParts;
  #isEnding = false;

  /** @param names - the names of the workers */
  constructor(names: readonly string[], parts: WorkerParts) {
    this.#parts = parts;
    this.workers = names.map((name) => new Worker(name, parts));
  }

  /**
   * Takes over the workers that run already, and starts the others. If some run already, one that does not start ends
   * none of them: it is started again later.
   *
   * @param endMs - how long one that drains may take, in milliseconds
   * @returns when all have been started
   * @throws WorkerStartError; as `listen` does. None of the started workers runs then
   */
  async start(found: ReadonlyMap<string, Lent>, endMs: number): Promise<void> {
    const starting = this.workers.map(async (worker) => {
      const lent = found.get(worker.name);
      if (lent !== undefined && (lent.isDraining ? worker.adoptDraining(lent.pid, endMs) : worker.adopt(lent.pid))) {
        this.#parts.observer.found(worker);
        return;
      }
      if (found.size > 0) {
        await worker.keepStarting();
        return;
      }
      const end = await worker.start();
      if (end !== null && !this.#isEnding) throw new WorkerStartError(worker.name, end);
    });
    try {
      await Promise.all(starting);
    } catch (error) {
      this.signal('SIGTERM');
      await this.end();
      throw error;
    }
  }

  /** Whether all workers are ready. */
  get isReady(): boolean {
    return this.workers.every(({ canAnswer }) => canAnswer);
  }

  /** Sends all workers a signal. */
  signal(name: NodeJS.Signals): void {
    for (const worker of this.workers) worker.signal(name);
  }

  /** Starts no more workers. @returns when all workers that were told to end have ended */
  async end(): Promise<void> {
    this.#isEnding = true;
    for (const worker of this.workers) worker.end();
    await Promise.all(this.workers.map(({ ended }) => ended));
  }

  /** Looks after the workers no more: another process does. They go on. */
  letGo(): void {
    this.#isEnding = true;
    for (const worker of this.workers) worker.letGo();
  }

  /** @throws ControlError: ERR_CONTROL_REQUEST */
  worker(name: string): Worker {
    const found = this.workers.find((worker) => worker.name === name);
    if (found !== undefined) return found;
    const names = this.workers.map((worker) => worker.name).join(', ');
    throw new ControlError('ERR_CONTROL_REQUEST', `there is no worker ${quoted(name)}; there are ${names}`);
  }

  /** Asks one worker. @throws as `askServer` does */
  async ask(worker: Worker, request: Request): Promise<Reply> {
    if (!worker.canAnswer) {
      throw new ControlError('ERR_CONTROL_UNREACHABLE', `worker ${worker.name} does not run now`);
    }
    return this.#send(worker, request, PATIENCE_MS.get(request.verb) ?? ANSWER_MS);
  }

  async #send({ name }: Worker, request: Request, timeoutMs: number): Promise<Reply> {
    try {
      return await askServer(this.#parts.folder, request, { file: controlFileOf(name), timeoutMs });
    } catch (error) {
      if (!hasCode(error, 'ERR_CONTROL_UNREACHABLE')) throw error;
      throw new ControlError('ERR_CONTROL_UNREACHABLE', `worker ${name} does not answer`, { cause: error });
    }
  }

  /** Asks all workers at once. */
  askAll(request: Request): Promise<readonly WorkerReply[]> {
    return Promise.all(
      this.workers.map(async (worker) => ({ worker, reply: await this.ask(worker, request).catch(toError) })),
    );
  }

  /** Has all read the configuration, which one that does not run now does when it is started. */
  reload(): Promise<readonly WorkerReply[]> {
    return this.#askRunningAnd({ verb: 'reload', words: [] }, 'it reads the configuration when it is started');
  }

  /**
   * Asks those that run for something that the others have to be asked for when they are started.
   *
   * @throws ControlError: ERR_CONTROL_UNREACHABLE if none runs. Nobody is asked then
   */
  askNowOrLater(request: Request): Promise<readonly WorkerReply[]> {
    if (!this.workers.some(({ canAnswer }) => canAnswer)) throw noneRuns();
    return this.#askRunningAnd(request, 'it is asked when it is started');
  }

  /** @param later - the answer for each one that does not run, behind its state */
  #askRunningAnd(request: Request, later: string): Promise<readonly WorkerReply[]> {
    return Promise.all(
      this.workers.map(async (worker) => {
        const { state, canAnswer } = worker;
        if (!canAnswer) return { worker, reply: { text: [`it is ${state}: ${later}`], result: null } };
        return { worker, reply: await this.ask(worker, request).catch(toError) };
      }),
    );
  }

  /**
   * Asks a worker that answers: all know the same.
   *
   * @throws as `askServer` does, and ERR_CONTROL_UNREACHABLE if none runs
   */
  async askAny(request: Request): Promise<Reply> {
    const running = this.workers.filter(({ canAnswer }) => canAnswer);
    const last = running.pop();
    if (last === undefined) throw noneRuns();
    for (const worker of running) if (await this.#answers(worker)) return this.ask(worker, request);
    return this.ask(last, request);
  }

  /** Whether a worker answers. One that hangs might do much later what another one is asked for instead. */
  async #answers(worker: Worker): Promise<boolean> {
    try {
      await this.#send(worker, { verb: 'log-level', words: [] }, GREETING_MS);
      return true;
    } catch {
      return false;
    }
  }

  /** @returns when no worker is being started, or that takes long */
  async started(): Promise<void> {
    const late = new Promise((resolve) => void setTimeout(resolve, START_MS).unref());
    await Promise.race([Promise.all(this.workers.map(({ started }) => started)), late]);
  }

  /**
   * Upgrades one worker after the other to the program on the disk, until one of them cannot be upgraded. One that does
   * not run now is left out, since it is that program which is started. Only one call may be under way.
   */
  async upgrade(): Promise<readonly WorkerReply[]> {
    const replies: WorkerReply[] = [];
    for (const worker of this.workers) {
      if (worker.state !== 'ready') {
        const text = [`it is ${worker.state}: the program on the disk is started in its place`];
        replies.push({ worker, reply: { text, result: { pid: null } } });
        continue;
      }
      const reply = await this.ask(worker, { verb: 'upgrade', words: [] }).catch(toError);
      replies.push({ worker, reply });
      if (reply instanceof Error) break;
      const pid: unknown = Reflect.get(Object(reply.result), 'pid');
      if (typeof pid === 'number' && pid !== worker.pid) worker.adopt(pid);
    }
    return replies;
  }
}

function noneRuns(): ControlError {
  return new ControlError('ERR_CONTROL_UNREACHABLE', 'no worker runs now');
}
