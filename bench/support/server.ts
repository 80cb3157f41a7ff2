/** A server process: started on one core, asked what it costs, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

import { cpuNsOf, residentBytesOf } from './cost.js';

const SERVER_CORE = 0;
const START_MS = 10_000;

export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #collectsGarbage: boolean;

  private constructor(child: ChildProcess, port: number, collectsGarbage: boolean) {
    this.#child = child;
    this.port = port;
    this.#collectsGarbage = collectsGarbage;
  }

  /** Starts a server that prints `port N` when it listens. */
  static async start(command: readonly string[]): Promise<ServerProcess> {
    const child = spawn('taskset', ['-c', String(SERVER_CORE), ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      return new ServerProcess(child, await readPort(child.stdout), command.includes('--expose-gc'));
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`the server did not start: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the server is not running');
    return this.#child.pid;
  }

  /** What all its threads have computed, user and kernel, in ns. */
  cpuNs(): number {
    return cpuNsOf(this.pid);
  }

  /** Resident memory, after the garbage is collected, which those of our servers that have any do on SIGUSR2. */
  async residentBytes(): Promise<number> {
    for (let i = 0; i < 3; i += 1) {
      if (this.#collectsGarbage) this.#child.kill('SIGUSR2');
      await delay(200);
    }
    return residentBytesOf(this.pid);
  }

  /** Waits until it holds so many fds. */
  async holds(count: number): Promise<void> {
    while (readdirSync(`/proc/${this.pid}/fd`).length < count) await delay(20);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}

async function readPort(output: Readable): Promise<number> {
  const lines = createInterface({ input: output });
  const first: readonly unknown[] = await once(lines, 'line', { signal: AbortSignal.timeout(START_MS) });
  const line = String(first[0]);
  const port = /^port (\d+)$/.exec(line)?.[1];
  if (port === undefined) throw new Error(`it printed '${line}', not its port`);
  return Number(port);
}
