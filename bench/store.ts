/**
 * The chat server that keeps data: its stored and indexed lines per second, the delay of its echoes, and its searches.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Keeping, measureEcho, measureRate, measureSearches, measureUnkept } from './store/measures.js';
import { publishStore, type Searches, type StoreResults } from './store/report.js';
import { weighTables } from './store/tables.js';
import { measuredNow } from './support/measured.js';
import type { Options } from './support/options.js';
import { runSuite } from './support/suite.js';

const KEEPINGS: readonly Keeping[] = ['nothing', 'process', 'power'];
const CORPUS_LINES = 100_000;
const UNKEPT_TURNS = { warm: 150, counted: 200 };

/** Asks all ways of keeping, round by round. */
async function inRounds<T>(rounds: number, measure: (keeping: Keeping) => Promise<T>): Promise<Record<Keeping, T[]>> {
  const answers: Record<Keeping, T[]> = { nothing: [], process: [], power: [] };
  for (let count = 0; count < rounds; count += 1) {
    for (const keeping of count % 2 === 0 ? KEEPINGS : KEEPINGS.toReversed()) {
      const answer = await measure(keeping);
      answers[keeping].push(answer);
      console.log(keeping, answer);
    }
  }
  return answers;
}

async function costsOfUnkept(rounds: number): Promise<{ without: number; beside: number }[]> {
  const costs = [];
  for (let count = 0; count < rounds; count += 1) {
    const [without = NaN, beside = NaN] = await measureUnkept(UNKEPT_TURNS);
    costs.push({ without, beside });
  }
  return costs;
}

async function searches(): Promise<Searches> {
  const data = mkdtempSync(join(tmpdir(), 'fdmux-bench-'));
  try {
    return await measureSearches(CORPUS_LINES, data, () => weighTables(join(data, 'fdmux.db')));
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

async function main({ rounds, seconds, only, out }: Options): Promise<void> {
  const measured = () => measuredNow({ rounds, seconds });
  // Each is published at once: a run that is cut short leaves its results so far.
  const publish = (answers: StoreResults): void => {
    console.log(answers);
    if (out !== null) publishStore(out, answers);
  };
  if (only.includes('rate')) {
    const when = measured();
    publish({ rate: { measured: when, answers: await inRounds(rounds, (keeping) => measureRate(keeping, seconds)) } });
  }
  if (only.includes('echo')) {
    const when = measured();
    publish({ echo: { measured: when, answers: await inRounds(rounds, (keeping) => measureEcho(keeping, seconds)) } });
  }
  if (only.includes('unkept')) {
    const when = measured();
    publish({ unkept: { measured: when, answers: await costsOfUnkept(rounds) } });
  }
  if (only.includes('search')) {
    const when = measured();
    publish({ search: { measured: when, answers: await searches() } });
  }
}

const QUESTIONS = ['rate', 'echo', 'unkept', 'search'];

void runSuite({ script: 'bench:store', questions: QUESTIONS, rounds: 3, seconds: 5 }, main);
