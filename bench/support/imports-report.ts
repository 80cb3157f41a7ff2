/** The cost of loading fdmux: every round in a file, and a page made of that. */
import * as v from 'valibot';
import { answered, type Measured, occasionOf } from './measured.js';
import { publishParts, readParts } from './parts.js';

/** The cost of one process. */
const costSchema = v.strictObject({
  /** User and kernel, of all threads. */
  cpuMs: v.number(),
  elapsedMs: v.number(),
});

const resultsSchema = v.strictObject({
  loading: v.optional(answered(v.record(v.string(), v.array(costSchema)))),
});

export type Cost = v.InferOutput<typeof costSchema>;
export type ImportsResults = v.InferOutput<typeof resultsSchema>;

/** The program that the others are compared with. */
export const EMPTY = 'Node.js, empty program';

const FILE = { data: 'imports.json', schema: resultsSchema };

/** Returns the results in a folder; nothing if it has none. @throws if it cannot be read */
export function readImports(folder: string): ImportsResults {
  return readParts(folder, FILE);
}

/** Replaces the answers in a folder by new ones, and makes its page again. */
export function publishImports(folder: string, answers: ImportsResults): void {
  publishParts(folder, FILE, answers, importsFiles);
}

/** Returns the page of some results, by the name of its file. */
export function importsFiles({ loading }: ImportsResults): Readonly<Record<string, string>> {
  return loading === undefined ? {} : { 'imports.md': importsPage(loading.measured, loading.answers) };
}

/** Makes the page of the costs of some programs, round by round. */
export function importsPage(measured: Measured, programs: Readonly<Record<string, readonly Cost[]>>): string {
  const empty = least(programs[EMPTY] ?? []);
  const lines = [
    '# What loading costs',
    '',
    'Written by `npm run bench:imports`; every round is in [imports.json](imports.json). CPU time (user and kernel) and elapsed time of a whole',
    'process; the least of the rounds, in which every program had its turn.',
    '',
    '| program | CPU ms | above empty | elapsed ms |',
    '|---|---:|---:|---:|',
    ...Object.entries(programs).map(([name, costs]) => {
      const { cpuMs, elapsedMs } = least(costs);
      const above = name === EMPTY ? '' : inMs(cpuMs - empty.cpuMs);
      return `| ${name} | ${inMs(cpuMs)} | ${above} | ${inMs(elapsedMs)} |`;
    }),
    '',
    `${occasionOf(measured)}.`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The least of each figure: other work of the machine only adds to it. */
function least(costs: readonly Cost[]): Cost {
  return {
    cpuMs: Math.min(...costs.map(({ cpuMs }) => cpuMs)),
    elapsedMs: Math.min(...costs.map(({ elapsedMs }) => elapsedMs)),
  };
}

const inMs = (value: number): string => value.toFixed(1);
