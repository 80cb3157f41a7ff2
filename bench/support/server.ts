/** A server process: started on one core, asked for its cost, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuNsOf, residentBytesOf } from './cost.js';
import { ErrorOutput, howItEnded, isRunning } from './ending.js';
import { isGuest } from './machine.js';
import { root, SERVER_CORE } from './tools.js';

/** In the guest, time passes at once while nothing computes: while a file is read, for example. */
const START_MS = isGuest ? 1_000_000 : 10_000;
const COLLECTABLE = '--expose-gc';

/** Node.js for a server whose garbage can be collected from outside. */
export const node = [process.execPath, COLLECTABLE, '-r', join(root, 'bench/support/gc-on-signal.cjs')];

/**
 * The command of a server that is to be weighed. V8's young generation grows with a burst of connections and stays so:
 * if it is kept small, the measured memory is the memory in use.
 */
export function weighed(command: readonly string[]): readonly string[] {
  const [program = '', ...parameters] = command;
  return command.includes(COLLECTABLE) ? [program, '--max-semi-space-size=1', ...parameters] : command;
}

/** Starts a server that prints `port N` when it listens. @param cores where it runs, as `taskset -c` takes them */
export async function startServer(command: readonly string[], cores = SERVER_CORE): Promise<ServerProcess> {
  return ServerProcess.start(command, 'pipe', ({ stdout }) => readPort(stdout), cores);
}

/** A server that listens. */
export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #errorOutput: ErrorOutput;

  private constructor(child: ChildProcess, errorOutput: ErrorOutput, port: number) {
    this.#child = child;
    this.#errorOutput = errorOutput;
    this.port = port;
  }

  /**
   * Starts a server on its core.
   *
   * @param portOf returns the port as soon as the child listens on it; the child is killed if that fails
   * @param cores where it runs, if it has more than its core
   */
  static async start(
    command: readonly string[],
    stdout: 'pipe' | 'ignore',
    portOf: (child: ChildProcess) => Promise<number>,
    cores = SERVER_CORE,
  ): Promise<ServerProcess> {
    const errorOutput = new ErrorOutput();
    const stdio = ['ignore', stdout, errorOutput.fd] as const;
    const child = spawn('taskset', ['-c', cores, ...command], { stdio: [...stdio] });
    try {
      return new ServerProcess(child, errorOutput, await portOf(child));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const ending = await howItEnded(child, errorOutput);
      child.kill('SIGKILL');
      errorOutput.close();
      throw new Error(`the server did not start: ${reason}; ${ending}`, { cause: error });
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the server is not running');
    return this.#child.pid;
  }

  /** The processor time of all its threads, user and kernel, in ns. */
  cpuNs(): number {
    return cpuNsOf(this.pid);
  }

  /** Resident memory, after a garbage collection if that is possible. */
  async residentBytes(): Promise<number> {
    const isCollectable = this.#child.spawnargs.includes(COLLECTABLE);
    for (let i = 0; i < 3; i += 1) {
      if (isCollectable) this.#child.kill('SIGPWR');
      await delay(300);
    }
    return residentBytesOf(this.pid);
  }

  /** Waits until it holds this many fds. */
  async holds(count: number): Promise<void> {
    while (readdirSync(`/proc/${this.pid}/fd`).length < count) await delay(20);
  }

  /** How it ended, or that it still runs, and the end of its standard error. */
  howItEnded(): Promise<string> {
    return howItEnded(this.#child, this.#errorOutput);
  }

  async stop(): Promise<void> {
    if (isRunning(this.#child)) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exit;
    }
    this.#errorOutput.close();
  }
}

async function readPort(output: Readable | null): Promise<number> {
  if (output === null) throw new Error('its output is not read');
  const line = await firstLine(output);
  const port = /^port (\d+)$/.exec(line)?.[1];
  if (port === undefined) throw new Error(`it printed '${line}', not its port`);
  return Number(port);
}

/** The first line; none if the output ends without one. */
function firstLine(output: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: output });
    const timer = setTimeout(() => reject(new Error(`it said nothing for ${START_MS / 1000} s`)), START_MS);
    lines.once('line', resolve);
    lines.once('close', () => reject(new Error('it ended without its port')));
    for (const event of ['line', 'close']) lines.once(event, () => clearTimeout(timer));
  });
}
