/** Logs that several nodes share: the appends per second, how late others see them, and their cost. */
import type { BrokerKind } from './log/brokers.js';
import { measureAppends, measureLoss, measurePacks, measureSeeing, measureServers } from './log/measures.js';
import { type LogResults, publishLog } from './log/report.js';
import { measuredNow } from './support/measured.js';
import type { Options } from './support/options.js';
import { Refusal } from './support/refusal.js';
import { runSuite } from './support/suite.js';

const BROKERS: readonly BrokerKind[] = ['postgres', 'redis'];

function chosen(peers: readonly string[] | null): BrokerKind[] {
  const found = BROKERS.filter((kind) => peers === null || peers.some((part) => kind.startsWith(part)));
  if (found.length === 0) throw new Refusal(`there are no such brokers; known are: ${BROKERS.join(', ')}`);
  return found;
}

async function main({ rounds, seconds, only, peers, out }: Options): Promise<void> {
  const brokers = chosen(peers);
  /** Asks all brokers, round by round. */
  const ask = async <T>(
    measure: (kind: BrokerKind, seconds: number) => Promise<T>,
    publish: (part: { measured: ReturnType<typeof measuredNow>; answers: Record<string, T[]> }) => LogResults,
  ): Promise<void> => {
    const measured = measuredNow({ rounds, seconds });
    const answers: Record<string, T[]> = Object.fromEntries(brokers.map((kind) => [kind, []]));
    for (let count = 0; count < rounds; count += 1) {
      for (const kind of count % 2 === 0 ? brokers : brokers.toReversed()) {
        const answer = await measure(kind, seconds);
        answers[kind]?.push(answer);
        console.log(kind, answer);
      }
    }
    // Each is published at once: a run that is cut short leaves its results so far.
    if (out !== null) publishLog(out, publish({ measured, answers }));
  };
  if (only.includes('append')) await ask(measureAppends, (append) => ({ append }));
  if (only.includes('see')) await ask(measureSeeing, (see) => ({ see }));
  if (only.includes('packs')) await ask(measurePacks, (packs) => ({ packs }));
  if (only.includes('servers')) await ask(measureServers, (servers) => ({ servers }));
  if (only.includes('loss')) await ask(measureLoss, (loss) => ({ loss }));
}

const QUESTIONS = ['append', 'see', 'packs', 'servers', 'loss'];

void runSuite({ script: 'bench:log', questions: QUESTIONS, rounds: 3, seconds: 5 }, main);
