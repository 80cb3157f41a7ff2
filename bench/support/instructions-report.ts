/** The page of the instructions that a message costs each peer in the emulated machine. */
import { join } from 'node:path';
import { type IrcRun, ircRunSchema } from '../irc/report.js';
import { type Run, runSchema } from './load.js';
import { leastOf, linkToReadme, occasions, round, table } from './page.js';
import { type Answer, readResults, type Results } from './results.js';

/** The raw data of the suites that run there. */
export interface InstructionsResults {
  readonly servers: Results<Run>;
  readonly irc: Results<IrcRun>;
}

/** The files of the raw data as they are published. */
const FILES = { servers: 'instructions.json', irc: 'instructions-irc.json' } as const;
/** The same by their names in the folder into which the suites write. */
export const INSTRUCTIONS_DATA: Readonly<Record<string, string>> = {
  'results.json': FILES.servers,
  'irc.json': FILES.irc,
};

/** Reads what is published; nothing is there if no suite ever ran. @throws if it cannot be read */
export function readInstructions(folder: string): InstructionsResults {
  return {
    servers: readResults(join(folder, FILES.servers), runSchema),
    irc: readResults(join(folder, FILES.irc), ircRunSchema),
  };
}

/** Returns the page of some results, by the name of its file. */
export function instructionsFiles(results: InstructionsResults, folder: string): Readonly<Record<string, string>> {
  const { servers, irc } = results;
  const isEmpty = servers.answers.length === 0 && irc.answers.length === 0;
  return isEmpty ? {} : { 'instructions.md': instructionsPage(results, folder) };
}

function instructionsPage({ servers, irc }: InstructionsResults, folder: string): string {
  const lines = [
    '# Instructions in place of time',
    '',
    'User and kernel instructions of the server, counted in an emulated machine, on which other work of the real one has no effect.',
    'There are no caches, no branch prediction and no second core in it: this finds what a program does, not what it is worth.',
    `${linkToReadme(folder, '#instructions-in-place-of-time')} says how to repeat it.`,
    '',
    ...occasions([...servers.answers, ...irc.answers]),
    ...section('Servers: instructions a message', servers.answers, 'C epoll', (run) => run.instructionsPerMessage),
    ...section('IRC servers: instructions a delivery', irc.answers, 'InspIRCd', (run) => run.instructionsPerDelivery),
  ];
  return `${lines.join('\n')}\n`;
}

/** A table with a row for each peer and a column for each question, with the ratio to one of the peers in brackets. */
function section<EachRun>(
  title: string,
  answers: readonly Answer<EachRun>[],
  compared: string,
  instructionsOf: (run: EachRun) => number | null,
): readonly string[] {
  if (answers.length === 0) return [];
  const peers = [...new Set(answers.flatMap(({ runs }) => Object.keys(runs)))];
  const least = ({ runs }: Answer<EachRun>, peer: string): number | null =>
    leastOf((runs[peer] ?? []).map((run) => instructionsOf(run) ?? undefined));
  const cell = (answer: Answer<EachRun>, peer: string): string => {
    const [cost, reference] = [least(answer, peer), least(answer, compared)];
    if (cost === null) return '';
    return reference === null || peer === compared ? round(cost) : `${round(cost)} (${(cost / reference).toFixed(2)})`;
  };
  const failed = answers.flatMap((answer) =>
    Object.entries(answer.failures).map(
      ([peer, failure]) => `- ${peer} failed when last asked for ${answer.title}: ${failure}`,
    ),
  );
  return [
    ...['', `## ${title}`, ''],
    ...table(
      ['server', ...answers.map((answer) => answer.title)],
      peers.map((peer) => [peer, ...answers.map((answer) => cell(answer, peer))]),
    ),
    ...(failed.length > 0 ? ['', ...failed] : []),
  ];
}
