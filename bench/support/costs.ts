/** The cost to the server of one message, handshake or delivery, for each run. */
import type { Answer } from './results.js';

/** The cost of each message, handshake or delivery of one run. */
export interface Cost {
  readonly cpuNs: number;
  /** Null if the machine does not count them. */
  readonly instructions: number | null;
}

/** Whether the instructions were counted for all peers. */
export function countsInstructions<Run>({ runs }: Answer<Run>, costOf: (run: Run) => Cost): boolean {
  return Object.values(runs).every((all) => all.every((run) => costOf(run).instructions !== null));
}

/** The costs of the runs by peer: instructions if they were counted for all peers, otherwise ns. */
export function costsBy<Run>(
  answer: Answer<Run>,
  costOf: (run: Run) => Cost,
): Readonly<Record<string, readonly number[]>> {
  const cost = countsInstructions(answer, costOf)
    ? (run: Run) => costOf(run).instructions ?? Infinity
    : (run: Run) => costOf(run).cpuNs;
  return Object.fromEntries(Object.entries(answer.runs).map(([peer, runs]) => [peer, runs.map(cost)]));
}
