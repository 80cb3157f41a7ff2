/** A server process: started on one core, asked what it costs, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuNsOf, residentBytesOf } from './cost.js';
import { root, SERVER_CORE } from './tools.js';

const START_MS = 10_000;
const COLLECTABLE = '--expose-gc';

/** Node.js for a server whose garbage can be collected from outside. */
export const node = [process.execPath, COLLECTABLE, '-r', join(root, 'bench/support/gc-on-signal.cjs')];

/**
 * The command of a server that is to be weighed. V8's young generation grows with a burst of connections and stays so:
 * kept small, what is weighed is what is held.
 */
export function weighed(command: readonly string[]): readonly string[] {
  const [program = '', ...parameters] = command;
  return command.includes(COLLECTABLE) ? [program, '--max-semi-space-size=1', ...parameters] : command;
}

/** Starts a server that prints `port N` when it listens. */
export async function startServer(command: readonly string[]): Promise<ServerProcess> {
  const child = spawn('taskset', ['-c', SERVER_CORE, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  return ServerProcess.listening(child, readPort(child.stdout));
}

/** A server that listens. */
export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Takes charge of a child that listens as soon as its port is known; it is killed where that fails. */
  static async listening(child: ChildProcess, port: Promise<number>): Promise<ServerProcess> {
    try {
      return new ServerProcess(child, await port);
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

  /** Resident memory, after the garbage is collected where it can be. */
  async residentBytes(): Promise<number> {
    const isCollectable = this.#child.spawnargs.includes(COLLECTABLE);
    for (let i = 0; i < 3; i += 1) {
      if (isCollectable) this.#child.kill('SIGUSR2');
      await delay(300);
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
