/** The part of README that is written from the raw data. */
import type { IrcRun } from '../irc/report.js';
import { ircSummaryTable } from './irc-summary.js';
import type { Run } from './load.js';
import type { Results } from './results.js';
import { summaryTable } from './summary.js';

const BEGIN = '<!-- figures: `npm run bench:pages` writes them -->';
const END = '<!-- /figures -->';

/**
 * Puts the figures into README.
 *
 * @throws if README has no place for them
 */
export function withFigures(readme: string, servers: Results<Run>, irc: Results<IrcRun>): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('README.md has no place for figures');
  const lines = [BEGIN, '', ...summaryTable(servers), '', ...ircSummaryTable(irc), ''];
  return `${readme.slice(0, begin)}${lines.join('\n')}\n${readme.slice(end)}`;
}
