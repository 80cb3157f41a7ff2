/** A server that is upgraded again and again: a new process goes on for the one before. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { built } from '../support/tools.js';

const PATIENCE_MS = 60_000;
/** Most clients only listen, for longer than a server lets anybody be silent; the line that asks would be counted. */
const CLASS = { name: 'bench', linesPerSecond: 0, maxPerAddress: 0, connectionsPerMinute: 0, pingIntervalMs: 0 };

/** What the two processes of an upgrade say that it has cost them. */
export interface UpgradeCost {
  /** From the moment at which the old process reads nothing more, until the new one goes on. */
  readonly oldMs: number;
  readonly oldCpuMs: number;
  /** From the moment at which the new process has the first clients, until it goes on. */
  readonly newMs: number;
  readonly newCpuMs: number;
}

/** One server, whichever process it is at the moment. */
export class UpgradedServer {
  readonly port: number;
  readonly #lines: Lines;
  #pid: number;

  private constructor(pid: number, port: number, lines: Lines) {
    this.#pid = pid;
    this.port = port;
    this.#lines = lines;
  }

  /** Starts it. @param cli - the path of the command `fdmux` */
  static async start(cli: string): Promise<UpgradedServer> {
    const config = join(built, 'upgrade.json');
    writeFileSync(config, JSON.stringify({ maxClients: 0, classes: [CLASS] }));
    const settings = ['--irc-port', '0', '--no-plain', '--log-level', 'warning', '--config', config];
    const child = spawn(process.execPath, [cli, 'serve', ...settings], { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = new Lines(child.stderr);
    const [, port] = await new Lines(child.stdout).line(/IRC +\S*:(\d+)$/);
    return new UpgradedServer(pidOf(child), Number(port), lines);
  }

  /** Has a new process go on. */
  async upgrade(): Promise<UpgradeCost> {
    process.kill(this.#pid, 'SIGUSR2');
    const [said, goesOn] = await Promise.all([
      this.#lines.line(/ upgraded pid=(\d+) clients=\d+ ms=(\d+) cpuMs=(\d+)/),
      this.#lines.line(/ goes on for another process clients=\d+ ms=(\d+) cpuMs=(\d+)/),
    ]);
    const [, pid, oldMs, oldCpuMs] = said.map(Number);
    const [, newMs, newCpuMs] = goesOn.map(Number);
    this.#pid = pid ?? NaN;
    return { oldMs: oldMs ?? NaN, oldCpuMs: oldCpuMs ?? NaN, newMs: newMs ?? NaN, newCpuMs: newCpuMs ?? NaN };
  }

  end(): void {
    process.kill(this.#pid, 'SIGKILL');
  }
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the server did not start');
  return pid;
}

/** Somebody who waits for a line. */
interface Waiting {
  readonly pattern: RegExp;
  readonly found: (match: RegExpExecArray) => void;
}

/** The lines that all processes of a server write. */
class Lines {
  #waiting: Waiting[] = [];

  constructor(output: Readable | null) {
    if (output === null) throw new Error('its output is not read');
    createInterface({ input: output }).on('line', (line) => {
      this.#waiting = this.#waiting.filter(({ pattern, found }) => {
        const match = pattern.exec(line);
        if (match !== null) found(match);
        return match === null;
      });
    });
  }

  /** Returns the next line like this. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no line like ${String(pattern)} in ${PATIENCE_MS / 1000} s`));
      }, PATIENCE_MS);
      const found = (match: RegExpExecArray): void => {
        clearTimeout(timer);
        resolve(match);
      };
      this.#waiting.push({ pattern, found });
    });
  }
}
