/** Peers that take turns: a disturbance of the machine disturbs all of them. */
import type { Progress } from './progress.js';

/** The results of the peers, by name. */
export interface Turns<Run> {
  /** A peer that failed at once has none. */
  readonly runs: Readonly<Record<string, readonly Run[]>>;
  /** Why a peer was not asked again. */
  readonly failures: Readonly<Record<string, string>>;
}

/**
 * One round after the other, in each every peer once; every other round goes backwards, so that no peer always
 * follows the same one. A peer that fails twice in a row has no more turns.
 */
export async function takeTurns<Peer extends { readonly name: string }, Run>(
  peers: readonly Peer[],
  rounds: number,
  progress: Progress,
  measure: (peer: Peer) => Promise<Run>,
  describe: (run: Run) => string,
): Promise<Turns<Run>> {
  const runs: Record<string, readonly Run[]> = Object.fromEntries(peers.map(({ name }) => [name, []]));
  const failures: Record<string, string> = {};
  for (let round = 1; round <= rounds; round += 1) {
    for (const peer of round % 2 === 1 ? peers : peers.toReversed()) {
      const { name } = peer;
      if (failures[name] !== undefined) continue;
      const outcome = await progress.step(name, () => measure(peer));
      if ('failure' in outcome) {
        failures[name] = outcome.failure;
        continue;
      }
      runs[name] = [...(runs[name] ?? []), outcome.result];
      console.log(`  ${round}/${rounds} ${name.padEnd(18)} ${describe(outcome.result)} ${progress.left()}`);
    }
  }
  return { runs, failures };
}
