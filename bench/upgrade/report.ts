/** The silence of upgrades: every one of them in a file, and a page made of that. */
import * as v from 'valibot';
import { answered, type Measured, occasionOf } from '../support/measured.js';
import { median } from '../support/median.js';
import { table } from '../support/page.js';
import { publishParts, readParts } from '../support/parts.js';

/** One upgrade, with the figures for all clients together, in milliseconds. */
const upgradeSchema = v.strictObject({
  waitMs: v.number(),
  gapMs: v.number(),
  oldMs: v.number(),
  oldCpuMs: v.number(),
  newMs: v.number(),
  newCpuMs: v.number(),
});

const answersSchema = v.strictObject({ clients: v.number(), upgrades: v.record(v.string(), v.array(upgradeSchema)) });
const resultsSchema = v.strictObject({ silence: v.optional(answered(answersSchema)) });

export type MeasuredUpgrade = v.InferOutput<typeof upgradeSchema>;
export type UpgradeAnswers = v.InferOutput<typeof answersSchema>;
export type UpgradeResults = v.InferOutput<typeof resultsSchema>;

const FILE = { data: 'upgrade.json', schema: resultsSchema };
/** The figures are for each of so many clients. */
const PER_CLIENTS = 500;

/** Returns the results in a folder; nothing if it has none. @throws if it cannot be read */
export function readUpgrades(folder: string): UpgradeResults {
  return readParts(folder, FILE);
}

/** Replaces the answers in a folder by new ones, and makes its page again. */
export function publishUpgrades(folder: string, results: UpgradeResults): void {
  publishParts(folder, FILE, results, upgradeFiles);
}

/** Returns the page of some results, by the name of its file. */
export function upgradeFiles({ silence }: UpgradeResults): Readonly<Record<string, string>> {
  return silence === undefined ? {} : { 'upgrade.md': upgradePage(silence.measured, silence.answers) };
}

/** Makes the page of some upgrades. */
export function upgradePage(measured: Measured, { clients, upgrades }: UpgradeAnswers): string {
  const cells = (all: readonly MeasuredUpgrade[], valueOf: (one: MeasuredUpgrade) => number): string[] => {
    const values = all.map((one) => (valueOf(one) * PER_CLIENTS) / clients);
    return [median(values), Math.max(...values)].map((value) => value.toFixed(0));
  };
  const rows = Object.entries(upgrades).map(([name, all]) => [
    name,
    ...cells(all, ({ waitMs }) => waitMs),
    ...cells(all, ({ gapMs }) => gapMs),
    ...cells(all, ({ oldCpuMs }) => oldCpuMs),
    ...cells(all, ({ newCpuMs }) => newCpuMs),
  ]);
  const head = ['waiting', 'nobody served', 'CPU of the old process', 'CPU of the new one'];
  const lines = [
    '# How long an upgrade takes',
    '',
    `Written by \`npm run bench:upgrade\`; every upgrade is in [upgrade.json](upgrade.json). A server with ${clients} clients that talk is`,
    `upgraded again and again. All figures are ms for each ${PER_CLIENTS} clients; of each pair, the first is the median of the upgrades, and the`,
    'second the longest. *Waiting* is the longest time that one client waits for an answer; *nobody served* the longest time in',
    'which no client is answered; CPU time is that of all threads while the clients wait.',
    '',
    ...table(['', ...head.flatMap((name) => [name, 'longest'])], rows),
    '',
    `${occasionOf(measured)}.`,
  ];
  return `${lines.join('\n')}\n`;
}
