/** Processes of servers that tests use: when they serve, and how they end. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from './deadline.js';

/** The place of a server, if it is not among the files and in the network of this process. */
export interface ServerPlace {
  /** The folder that its files are in. */
  readonly within: string;
  /** The IPv4 address of its network that it listens on, besides the Unix socket. */
  readonly host: string;
  /** The words before a command that root runs in that network. */
  readonly through: readonly string[];
}

/** The interval of attempts to reach a server, in milliseconds. */
const TRY_MS = 5;

/** Waits until a server serves. @param attempt - rejects as long as it does not */
export async function whenServing(server: ChildProcess, name: string, attempt: () => Promise<unknown>): Promise<void> {
  const state = { isOver: false, problem: 'nobody has tried' };
  const attempts = (async () => {
    while (!state.isOver && server.exitCode === null) {
      await attempt().then(
        () => {
          state.isOver = true;
        },
        (error: unknown) => {
          state.problem = String(error);
        },
      );
      await delay(TRY_MS);
    }
  })();
  await until(
    () => state.isOver || server.exitCode !== null,
    () => `a start of ${name}: ${state.problem}`,
  ).finally(() => {
    state.isOver = true;
  });
  await attempts;
  if (server.exitCode !== null) throw new Error(`${name} has ended: ${state.problem}`);
}

/** Ends a process, unless it has ended. @returns when it is gone */
export async function endProcess(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill(signal);
  await ended;
}
