/** A change beside the commit before it: the costs of one question, peer by peer. */
import type { Checkout } from './checkout.js';
import { median } from './median.js';
import { round } from './page.js';

/** The cost of a question for each peer, run by run, by the names of the peers. */
export interface Costs {
  readonly title: string;
  readonly costs: Readonly<Record<string, readonly number[]>>;
}

/** Returns a table with a line for each peer that was measured in both checkouts. */
export function comparison(questions: readonly Costs[], before: Checkout): readonly string[] {
  const lines = [
    `| question | peer | ${before.label('fdmux')}: least | median | here: least | median | least, ratio | median, ratio |`,
    '|---|---|---:|---:|---:|---:|---:|---:|',
  ];
  for (const { title, costs } of questions) {
    for (const [peer, now] of Object.entries(costs)) {
      const old = costs[before.label(peer)] ?? [];
      if (old.length === 0 || now.length === 0) continue;
      const figures = [Math.min(...old), median(old), Math.min(...now), median(now)] as const;
      const ratios = [figures[2] / figures[0], figures[3] / figures[1]];
      const cells = [...figures.map(round), ...ratios.map((ratio) => ratio.toFixed(3))];
      lines.push(`| ${title} | ${peer} | ${cells.join(' | ')} |`);
    }
  }
  return lines;
}
