/** The parts that the pages of all suites share. */
import { join, relative } from 'node:path';
import { occasionOf } from './measured.js';
import type { Answer, Results } from './results.js';
import { root } from './tools.js';

const SAME_TIME =
  'The tables say when each peer was measured. Only figures of the same time are to be compared; ratios are given for those.';

/** Lines of Markdown: the times and machines of the measurements, and the peers that were never measured. */
export function circumstances(results: Results<unknown>, peers: readonly string[]): readonly string[] {
  const answers = [...results.answers, ...(results.memory === null ? [] : [results.memory])];
  const missing = peers.filter((peer) => !answers.some(({ measured }) => measured[peer] !== undefined));
  const lines = [SAME_TIME, '', ...occasions(answers)];
  if (missing.length > 0) lines.push('', `Never measured: ${missing.join(', ')}.`);
  return lines;
}

/** Lines of Markdown: the times and machines of the measurements, each once. */
export function occasions(answers: readonly Answer<unknown>[]): readonly string[] {
  const all = new Set(answers.flatMap(({ measured }) => Object.values(measured).map(occasionOf)));
  return [...all].sort().map((occasion) => `- ${occasion}`);
}

/** The link from a page in `folder` to a part of the text about the benchmarks. */
export function linkToReadme(folder: string, part = ''): string {
  return `[bench/README.md](${relative(folder, join(root, 'bench/README.md'))}${part})`;
}

/** Lines of Markdown: the arguments of the load generator, and how each peer was started, if that is known. */
export function commands({ load, measured }: Answer<unknown>): readonly string[] {
  const words = Object.entries(load).map(([name, value]) => `${name} ${value}`);
  const servers = Object.entries(measured).flatMap(([peer, { server }]) =>
    server === undefined ? [] : [`- ${peer}: \`${server}\``],
  );
  return ['', `Load: ${words.join(', ')}.`, ...(servers.length > 0 ? ['', ...servers] : [])];
}

/** Lines of Markdown: the failures of peers that were asked the question. */
export function failures({ failures }: Answer<unknown>): readonly string[] {
  const lines = Object.entries(failures).map(([peer, failure]) => `- ${peer} failed when last asked: ${failure}`);
  return lines.length > 0 ? ['', ...lines] : [];
}

/** A whole number as the tables show it. */
export function round(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** The least of the existing values; null if there are none. */
export function leastOf(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? null : Math.min(...known);
}

/** A number as the tables show it; nothing if it was never measured. */
export function orNothing(value: number | null): string {
  return value === null ? '' : round(value);
}

/** Lines of Markdown: a table with names in its first column and figures in the others. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
