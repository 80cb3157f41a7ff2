import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Problem } from './progress.mjs';

/**
 * Runs a command and returns its output, which is shown only if the command fails, so that progress stays readable.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, live?: boolean }} options `live` lets it print as
 *   it goes
 * @returns {Promise<string>} stdout and stderr together
 */
export async function run(command, args, { cwd, env, live = false } = {}) {
  const outcome = await tryRun(command, args, { cwd, env, live });
  if (outcome.ok) return outcome.output;
  throw new Problem(`${outcome.output}\n${[command, ...args].join(' ')} failed (${outcome.reason}).`);
}

/**
 * Like {@link run}, but a failure is a value. `timeoutMs` ends a command that hangs; such a command is a process group
 * of its own, and nothing of it is left once it has ended.
 */
export function tryRun(command, args, { cwd, env, live = false, timeoutMs } = {}) {
  const group = timeoutMs === undefined ? undefined : new Group(timeoutMs);
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
      detached: group !== undefined,
    });
    group?.holds(child);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', (error) => resolve({ ok: false, output, reason: error.message }));
    child.on('close', (code, signal) =>
      resolve({ ok: code === 0, output, reason: signal === null ? `exit code ${code}` : signal }),
    );
  });
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * The process group of a child: it ends when its time is up, when the child itself has ended, and when a signal ends
 * us.
 */
class Group {
  #child;
  #timer;

  /** Made before the child, so that no signal can arrive in between. */
  constructor(timeoutMs) {
    this.#timer = setTimeout(this.#kill, timeoutMs);
    for (const signal of ENDING) process.on(signal, this.#onSignal);
  }

  holds(child) {
    this.#child = child;
    child.on('exit', this.#finish);
    child.on('error', this.#finish);
  }

  #kill = () => {
    try {
      if (this.#child?.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  };

  #finish = () => {
    clearTimeout(this.#timer);
    for (const signal of ENDING) process.off(signal, this.#onSignal);
    this.#kill();
  };

  #onSignal = (signal) => {
    this.#finish();
    process.kill(process.pid, signal);
  };
}

/** Whether a program of that name is on the PATH. */
export function hasCommand(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs the npm that runs this program, or else the one on the PATH. */
export function npm(args, options) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js') ? run(process.execPath, [cli, ...args], options) : run('npm', args, options);
}
