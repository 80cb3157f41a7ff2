/** Runs the tests in processes of another runtime than the one that runs vitest. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PoolOptions, PoolRunnerInitializer, PoolWorker, WorkerRequest } from 'vitest/node';
import { fromWire, toWire } from './wire.mjs';

/** How long a process may take to end by SIGTERM. */
const ENDING_MS = 500;

/**
 * The pool of a runtime that is not this one. Its messages are JSON: two runtimes have no other format of messages in
 * common.
 *
 * @param command - the runtime's program and its arguments, as a list in JSON; `foreign-worker.mts` follows them
 */
export function foreignPool(command: string): PoolRunnerInitializer {
  return { name: 'foreign', createPoolWorker: (options) => new ForeignProcess(command, options) };
}

class ForeignProcess implements PoolWorker {
  readonly name = 'foreign';
  /** The tests arrive as files, not in messages. */
  readonly cacheFs = true;
  readonly #command: string;
  readonly #env: PoolOptions['env'];
  #child: ChildProcess | undefined;

  constructor(command: string, { env }: PoolOptions) {
    this.#command = command;
    this.#env = env;
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- vitest's own type
  on(event: string, callback: (message: any) => void): void {
    this.#started.on(event, callback);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- vitest's own type
  off(event: string, callback: (message: any) => void): void {
    this.#started.off(event, callback);
  }

  send(message: WorkerRequest): void {
    this.#started.send(toWire(message));
  }

  deserialize(message: unknown): unknown {
    return fromWire(String(message));
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const [program, ...args]: readonly [string, ...string[]] = JSON.parse(this.#command);
    const worker = fileURLToPath(new URL('foreign-worker.mts', import.meta.url));
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    this.#child = spawn(program, [...args, worker], {
      env: { ...this.#env },
      stdio: [...stdio],
      serialization: 'json',
    });
    await once(this.#child, 'spawn');
  }

  async stop(): Promise<void> {
    const child = this.#started;
    if (child.exitCode === null && child.signalCode === null) {
      const timer = setTimeout(() => child.kill('SIGKILL'), ENDING_MS);
      child.kill();
      await once(child, 'exit');
      clearTimeout(timer);
    }
    this.#child = undefined;
  }

  get #started(): ChildProcess {
    if (this.#child === undefined) throw new Error('the process of the tests has not been started');
    return this.#child;
  }
}
