/**
 * Servers that are compared while both run: they take turns of milliseconds, so that a disturbance of one disturbs
 * both.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type IrcCommand, startIrcServer } from '../irc/servers.js';
import { isStopped } from '../support/cost.js';
import { median } from '../support/median.js';
import type { ServerProcess } from '../support/server.js';
import { Crowd, type Protocol } from './crowd.js';

/** How often a server is stopped to find out what that costs. */
const PAUSES = 50;

/** A server with its clients. */
export interface Side {
  readonly server: ServerProcess;
  readonly crowd: Crowd;
  /** The CPU time that the threads of the server need to be stopped and to continue, in ns. */
  readonly pauseNs: number;
}

export async function startSide(command: IrcCommand, protocol: Protocol): Promise<Side> {
  const server = await startIrcServer(command);
  return { server, crowd: new Crowd(server.port, protocol), pauseNs: await pauseCost(server) };
}

async function pauseCost(server: ServerProcess): Promise<number> {
  const costs: number[] = [];
  while (costs.length < PAUSES) {
    const cpuNs = server.cpuNs();
    stop(server);
    process.kill(server.pid, 'SIGCONT');
    await delay(2);
    costs.push(server.cpuNs() - cpuNs);
  }
  return median(costs);
}

/** Stops a server until SIGCONT. Each of its threads stands still when this returns, and has cost something by then. */
function stop({ pid }: ServerProcess): void {
  process.kill(pid, 'SIGSTOP');
  while (!isStopped(pid));
}

/**
 * Stops the server, has the clients write, and lets it continue: it finds everything that they have written in its next
 * turn, however busy the machine is.
 *
 * @param lines - how many lines are sent to the clients at least
 * @param mayBeMore - whether to wait until nothing more is sent
 * @returns the CPU time that the server has needed but for being stopped, in ns
 */
export async function turn(
  { server, crowd, pauseNs }: Side,
  write: () => void,
  lines: number,
  mayBeMore = false,
): Promise<number> {
  const before = crowd.lines;
  const cpuNs = server.cpuNs();
  stop(server);
  write();
  process.kill(server.pid, 'SIGCONT');
  await crowd.heard(before, lines);
  if (mayBeMore) await crowd.quiet();
  else await delay(2);
  return server.cpuNs() - cpuNs - pauseNs;
}

/** Has the sides take turns, and returns the median cost of a turn for each. */
export async function alternate(
  sides: readonly Side[],
  { warm, counted }: { readonly warm: number; readonly counted: number },
  take: (side: Side) => Promise<number>,
): Promise<number[]> {
  const costs: number[][] = sides.map(() => []);
  for (let count = -warm; count < counted; count += 1) {
    for (const [index, side] of count % 2 === 0 ? [...sides.entries()] : [...sides.entries()].toReversed()) {
      const cost = await take(side);
      if (count >= 0) costs[index]?.push(cost);
    }
  }
  return costs.map(median);
}

/** Uses sides when all of them have started, and ends them. */
export async function withSides<T>(
  sides: readonly Promise<Side>[],
  use: (sides: readonly Side[]) => Promise<T>,
): Promise<T> {
  const started = await Promise.allSettled(sides);
  const ready = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    return await use(ready);
  } finally {
    for (const { crowd, server } of ready) {
      crowd.end();
      await server.stop();
    }
  }
}
