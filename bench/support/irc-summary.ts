/** The figures of the IRC servers that README shows. */
import { CAVEATS, type IrcRun } from '../irc/report.js';
import { figure } from './bar-chart.js';
import { rangeOf } from './range.js';
import type { Results } from './results.js';
import { captionOf } from './summary.js';

const PEERS = [
  ['fdmux level', 'fdmux serve'],
  ['InspIRCd', 'InspIRCd'],
  ['ngircd', 'ngircd'],
] as const;

/** All questions in which people talk or join, and the memory. */
export function ircSummaryTable({ answers, memory }: Results<IrcRun>): readonly string[] {
  const cells = (values: (peer: string) => readonly number[]): string =>
    PEERS.map(([peer]) => inWords(values(peer))).join(' | ');
  return [
    `| ns of CPU per delivery | ${PEERS.map(([, name]) => name).join(' | ')} |`,
    `|---|${PEERS.map(() => '---:').join('|')}|`,
    ...answers.map(({ title, runs }) => {
      return `| ${title} | ${cells((peer) => (runs[peer] ?? []).map(({ cpuNsPerDelivery }) => cpuNsPerDelivery))} |`;
    }),
    ...(memory === null ? [] : [`| memory of an idle member, bytes | ${cells((peer) => memory.runs[peer] ?? [])} |`]),
    '',
    `${captionOf(answers[0]?.measured['fdmux level'])}, least to most of the rounds; \`npm run bench:irc\`. A dash: the server did not survive the question.`,
    CAVEATS,
    '[bench/README.md](bench/README.md#irc-servers) says how each server is set up, and what to beware of.',
  ];
}

function inWords(values: readonly number[]): string {
  if (values.length === 0) return '-';
  const { least, most } = rangeOf(values);
  return figure(least) === figure(most) ? figure(least) : `${figure(least)} to ${figure(most)}`;
}
