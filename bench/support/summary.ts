/** The few figures that README shows, as a table and as one picture. */
import { type Bar, chart, chartHeight, figure } from './bar-chart.js';
import { costsBy } from './costs.js';
import type { Run } from './load.js';
import { type Measured, occasionOf } from './measured.js';
import { type Range, rangeOf } from './range.js';
import { LIMIT } from './report.js';
import type { Answer, Results } from './results.js';
import { frame, text } from './svg.js';
import { unitOf } from './units.js';

/** The peers that are shown, and how README calls them. */
const PEERS = [
  ['C epoll', 'C, epoll'],
  ['fdmux edge', 'fdmux'],
  ['fdmux level', 'fdmux, level'],
  ['node:net', 'node:net'],
  ['Python asyncio', 'Python asyncio'],
] as const;
const QUESTIONS = ['echo-64', 'fanout', 'accept'] as const;
/** The question about datagrams: server and load share a core, so that it has no rate. */
const DATAGRAMS = 'received';
/** Node.js has datagrams elsewhere, and datagrams have no edges. */
const DATAGRAM_PEERS: Readonly<Record<string, string>> = {
  'node:net': 'node:dgram',
  'fdmux edge': 'fdmux level',
  'fdmux level': 'none',
};

const PANEL_WIDTH = 470;
const PANEL_GAP = 30;
const PLOT_TOP = 56;
const LABEL_WIDTH = 110;
const BARS_WIDTH = 210;

/** @throws if a question that README shows was never asked */
export function summaryTable({ answers, memory }: Results<Run>): readonly string[] {
  const shown = QUESTIONS.map((id) => answerOf(answers, id));
  const [first] = shown;
  const caption =
    `${captionOf(first?.measured['fdmux level'])}, least to most of the rounds; ` +
    '`npm run bench`. A dash: not measured. †: the load generator was the limit, so the server can do at least this.';
  const datagrams = answerOf(answers, DATAGRAMS);
  const received = costsOf(datagrams);
  return [
    `| | ${PEERS.map(([, name]) => name).join(' | ')} |`,
    `|---|${PEERS.map(() => '---:').join('|')}|`,
    ...shown.flatMap((answer) => [costRow(answer), rateRow(answer)]),
    row(`${datagrams.title}: ns of CPU per datagram (Node.js: node:dgram)`, (peer) =>
      inWords(received[DATAGRAM_PEERS[peer] ?? peer] ?? []),
    ),
    ...(memory === null ? [] : [row('memory per idle connection, bytes', (peer) => inWords(memory.runs[peer] ?? []))]),
    '',
    caption,
  ];
}

/** The time, the place and the subject of a measurement, without the load of the machine. */
export const captionOf = (measured: Measured | undefined): string =>
  measured === undefined ? '' : occasionOf({ ...measured, load: undefined });

/** Four charts in one picture: the cost of each question, and the memory. */
export function summaryPlot({ answers, memory }: Results<Run>): string {
  const panels = QUESTIONS.map((id) => answerOf(answers, id)).map((answer) => ({
    title: answer.title,
    axis: `ns of CPU per ${unitOf(answer.load).one}`,
    bars: barsOf(costsOf(answer)),
  }));
  if (memory !== null) panels.push({ title: memory.title, axis: 'bytes', bars: barsOf(memory.runs) });
  const height = chartHeight(PEERS.length) + 2 * PANEL_GAP;
  const parts = panels.flatMap(({ title, axis, bars }, index) => {
    const left = 12 + (index % 2) * PANEL_WIDTH;
    const top = PLOT_TOP + Math.floor(index / 2) * height;
    const place = { left, top: top + 14, labelWidth: LABEL_WIDTH, barsWidth: BARS_WIDTH };
    return [text(left, top, title, 'font-weight="bold"'), ...chart(axis, bars, place)];
  });
  const rows = Math.ceil(panels.length / 2);
  return frame(
    'What it costs the server: less is better (median of the rounds; lines from the least to the most)',
    PLOT_TOP + rows * height - PANEL_GAP,
    parts,
    2 * PANEL_WIDTH,
  );
}

function answerOf(answers: readonly Answer<Run>[], id: string): Answer<Run> {
  const found = answers.find((answer) => answer.id === id);
  if (found === undefined) throw new Error(`README shows ${id}, which was never asked`);
  return found;
}

/** CPU time, also if instructions were counted: every reader knows it. */
const costsOf = (answer: Answer<Run>): Readonly<Record<string, readonly number[]>> =>
  costsBy(answer, ({ cpuNsPerMessage }) => ({ cpuNs: cpuNsPerMessage, instructions: null }));

function barsOf(values: Readonly<Record<string, readonly number[]>>): Bar[] {
  return PEERS.flatMap(([peer, label]) => {
    const own = values[peer] ?? [];
    return own.length === 0 ? [] : [{ label, note: '', ...rangeOf(own) }];
  });
}

function row(title: string, cell: (peer: string) => string): string {
  return `| ${title} | ${PEERS.map(([peer]) => cell(peer) || '-').join(' | ')} |`;
}

function costRow(answer: Answer<Run>): string {
  const costs = costsOf(answer);
  return row(`${answer.title}: ns of CPU per ${unitOf(answer.load).one}`, (peer) => inWords(costs[peer] ?? []));
}

function rateRow({ load, runs }: Answer<Run>): string {
  return row(`the same: ${unitOf(load).many}/s`, (peer) => {
    const own = runs[peer] ?? [];
    const isLimited = own.some(({ loadCpu }) => loadCpu > LIMIT);
    return `${inWords(own.map(({ messagesPerSecond }) => messagesPerSecond))}${isLimited ? ' †' : ''}`;
  });
}

function inWords(values: readonly number[]): string {
  if (values.length === 0) return '';
  const { least, most }: Range = rangeOf(values);
  return figure(least) === figure(most) ? figure(least) : `${figure(least)} to ${figure(most)}`;
}
