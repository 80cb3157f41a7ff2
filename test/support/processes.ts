import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DEADLINE_MS, within } from './deadline.js';
import { addonEnvironment } from './preload.js';
import { runtime } from './runtime.js';

/** The project's folder, or a path inside it. */
export const projectPath = (path = ''): string => join(__dirname, '../..', path);

/** The folder of the compiled package under test: this project's, or the one that the matrix has installed. */
export const packagePath = (path = ''): string => join(process.env['FDMUX_TEST_SUBJECT'] ?? projectPath(), path);

/** The compiled command, `fdmux`. */
export const cliPath = packagePath('dist/cli.js');
/** What a shell has to call, since Deno takes the options of Node.js from node:child_process only. */
export const cliCommand = [process.execPath, ...(runtime === 'deno' ? ['run', '-A'] : []), cliPath].join(' ');

/** How a process ended, and all of its output. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The options of a process to start. */
export interface ProcessOptions {
  readonly cwd?: string;
  /** Added to this process's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly deadlineMs?: number;
}

/** A process under test: its lines can be awaited, and it is gone when the test ends. */
export class TestProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<Ended>;
  readonly #waiting = new Set<() => void>();
  readonly #deadlineMs: number;
  #stdout = '';
  #stderr = '';
  #hasEnded = false;
  /** How far {@link line} has read. */
  #position = 0;

  constructor(command: string, args: readonly string[], { cwd, env, deadlineMs = DEADLINE_MS }: ProcessOptions = {}) {
    this.#deadlineMs = deadlineMs;
    const inherited = [command, ...args].includes(process.execPath) ? addonEnvironment() : process.env;
    this.#child = spawn(command, args, {
      cwd: cwd ?? packagePath(),
      env: { ...inherited, ...env },
      stdio: 'pipe',
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#notify();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#notify();
    });
    this.#child.stdin.on('error', () => {}); // A process that ended before it read everything is judged by its exit.
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code, signal) => {
        this.#hasEnded = true;
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
        this.#notify();
      });
    });
    this.#ended.catch(() => {}); // Reported by the `await` on `ended`.
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves when it has exited and its output is complete; fails at the deadline. */
  ended(): Promise<Ended> {
    return within(this.#ended, 'the end of the process', this.#deadlineMs).catch((error: unknown) => {
      throw new Error(this.#story(String(error)));
    });
  }

  /** The next line on stdout (after the one given last) that matches; lines in between are passed over. */
  async line(pattern: RegExp | string): Promise<RegExpExecArray> {
    const wanted = typeof pattern === 'string' ? new RegExp(escape(pattern)) : pattern;
    const find = (): RegExpExecArray | undefined => {
      for (;;) {
        const end = this.#stdout.indexOf('\n', this.#position);
        if (end < 0) return undefined;
        const match = wanted.exec(this.#stdout.slice(this.#position, end));
        this.#position = end + 1;
        if (match !== null) return match;
      }
    };
    return this.#awaitOutput(find, `a line like ${String(wanted)}`);
  }

  /** Waits for text on stderr. */
  errorText(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#awaitOutput(() => pattern.exec(this.#stderr) ?? undefined, `stderr like ${String(pattern)}`);
  }

  /** Writes to its stdin. */
  write(text: string | Uint8Array): void {
    this.#child.stdin.write(text);
  }

  /** Ends its stdin. */
  end(): void {
    this.#child.stdin.end();
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    // By Deno's child.kill() a process has ended by that signal, whatever its exit code.
    if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(this.pid, signal);
  }

  /** Kills it if it still runs, and waits until it is gone. */
  async dispose(): Promise<void> {
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
    await this.#ended.catch(() => {});
  }

  #notify(): void {
    for (const look of this.#waiting) look();
  }

  async #awaitOutput<T>(find: () => T | undefined, what: string): Promise<T> {
    const found = new Promise<T>((resolve, reject) => {
      const look = (): void => {
        const result = find();
        if (result !== undefined) resolve(result);
        else if (this.#hasEnded) reject(new Error(`the process ended without ${what}`));
        else return;
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
    return within(found, what, this.#deadlineMs).catch((error: unknown) => {
      throw new Error(this.#story(String(error)));
    });
  }

  #story(message: string): string {
    return `${message}\n--- stdout\n${ending(this.#stdout)}--- stderr\n${ending(this.#stderr)}`;
  }
}

/** The end of a long text: a process that prints the same for ever would make a message that fills the memory. */
const ending = (text: string): string => (text.length <= 10_000 ? text : `...${text.slice(-10_000)}`);

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Starts a process that is gone when the current test ends. */
export function start(command: string, args: readonly string[] = [], options: ProcessOptions = {}): TestProcess {
  const started = new TestProcess(command, args, options);
  onTestFinished(() => started.dispose());
  return started;
}

/** Starts the compiled `fdmux` command. */
export const startCli = (args: readonly string[], options?: ProcessOptions): TestProcess =>
  start(process.execPath, [cliPath, ...args], options);

/** Runs a process to its end, with `input` as its stdin. */
export async function run(
  command: string,
  args: readonly string[] = [],
  { input = '', ...options }: ProcessOptions & { input?: string } = {},
): Promise<Ended> {
  const child = start(command, args, options);
  child.write(input);
  child.end();
  return child.ended();
}

/**
 * Runs a CommonJS program in a Node.js of its own, to its end. `require('fdmux')` gives it the compiled package. For
 * effects that must be seen from outside: crashes, exit codes, whether a process ends by itself.
 */
export const runScript = (source: string, options: ProcessOptions & { nodeArgs?: readonly string[] } = {}) =>
  run(process.execPath, [...(options.nodeArgs ?? []), '-e', source], options);
