/** The page of the IRC servers: a table for each question. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { type Cost, costsBy, countsInstructions } from '../support/costs.js';
import { WITHOUT_COUNTERS } from '../support/machine.js';
import { circumstances, commands, failures, leastOf, linkToReadme, orNothing, round } from '../support/page.js';
import type { Answer, Results } from '../support/results.js';

/** The results of one run. */
export interface IrcRun {
  readonly joinSeconds: number;
  readonly deliveriesPerSecond: number;
  readonly cpuNsPerDelivery: number;
  /** Null if the machine does not count. */
  readonly instructionsPerDelivery: number | null;
  /** From a sender's line to those of all other senders. Results of an earlier time have none. */
  readonly p50Us?: number | undefined;
  readonly p99Us?: number | undefined;
  readonly p999Us?: number | undefined;
}

/** A run as it is published. */
export const ircRunSchema: v.GenericSchema<unknown, IrcRun> = v.strictObject({
  joinSeconds: v.number(),
  deliveriesPerSecond: v.number(),
  cpuNsPerDelivery: v.number(),
  instructionsPerDelivery: v.nullable(v.number()),
  p50Us: v.optional(v.number()),
  p99Us: v.optional(v.number()),
  p999Us: v.optional(v.number()),
});

/** Notes about each peer, to read before its figures are compared. */
export const CAVEATS =
  'fdmux has its defaults for loopback, ngircd no penalties, InspIRCd no `fakelag`; InspIRCd lets clients in once a second.';

/** Writes irc.md into `folder`. */
export function writeIrcReport(folder: string, results: Results<IrcRun>, peers: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  const lines = [
    '# IRC servers beside one another',
    '',
    'Written by `npm run bench:irc`. Every server is unthrottled, on loopback, on a core of its own, and started anew for every run;',
    'the servers take turns. Each sender says its next line when it has heard those of all other senders.',
    CAVEATS,
    `${linkToReadme(folder, '#irc-servers')} says how they are set up, and what to beware of.`,
    '',
    ...circumstances(results, peers),
  ];
  if (!results.answers.every((answer) => countsInstructions(answer, costOf))) lines.push('', WITHOUT_COUNTERS);
  for (const answer of results.answers)
    lines.push('', `## ${answer.title}`, '', ...table(answer), ...commands(answer), ...failures(answer));
  if (results.memory !== null) lines.push('', ...memorySection(results.memory));
  writeFileSync(join(folder, 'irc.md'), `${lines.join('\n')}\n`);
}

const costOf = (run: IrcRun): Cost => ({ cpuNs: run.cpuNsPerDelivery, instructions: run.instructionsPerDelivery });

/** The cost to the server of one delivery, for each run. */
export function costsOf(answer: Answer<IrcRun>): Readonly<Record<string, readonly number[]>> {
  return costsBy(answer, costOf);
}

function table(answer: Answer<IrcRun>): readonly string[] {
  const unit = countsInstructions(answer, costOf) ? 'instructions per delivery' : 'ns of CPU per delivery';
  const costs = costsOf(answer);
  return [
    `| server | ${unit}, least to most | deliveries/s, least to most | p50 us | p99 us | p99.9 us | all joined after, least to most | measured |`,
    '|---|---:|---:|---:|---:|---:|---:|---|',
    ...Object.entries(answer.runs).map(([peer, all]) => {
      const on = answer.measured[peer]?.on ?? '';
      if (all.length === 0) return `| ${peer} | did not survive | | | | | | ${on} |`;
      const rate = between(
        all.map((run) => run.deliveriesPerSecond),
        round,
      );
      const join = between(
        all.map((run) => run.joinSeconds),
        (seconds) => `${seconds.toFixed(2)} s`,
      );
      const latencies = [
        all.map(({ p50Us }) => p50Us),
        all.map(({ p99Us }) => p99Us),
        all.map(({ p999Us }) => p999Us),
      ].map((values) => orNothing(leastOf(values)));
      return `| ${peer} | ${between(costs[peer] ?? [], round)} | ${rate} | ${latencies.join(' | ')} | ${join} | ${on} |`;
    }),
  ];
}

/** The least and the most of some values, in words. */
function between(values: readonly number[], inWords: (value: number) => string): string {
  const [least, most] = [inWords(Math.min(...values)), inWords(Math.max(...values))];
  return least === most ? least : `${least} to ${most}`;
}

function memorySection(memory: Answer<number>): readonly string[] {
  return [
    '## Memory for each idle registered member',
    '',
    '| server | bytes | measured |',
    '|---|---:|---|',
    ...Object.entries(memory.runs).map(([peer, bytes]) => {
      const least = bytes.length === 0 ? 'did not survive' : round(Math.min(...bytes));
      return `| ${peer} | ${least} | ${memory.measured[peer]?.on ?? ''} |`;
    }),
    ...failures(memory),
  ];
}
