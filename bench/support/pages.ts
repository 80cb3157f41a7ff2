/** Everything that is written from the raw data: pages, plots, and the figures of the documentation. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeIrcReport } from '../irc/report.js';
import { ircCandidates } from '../irc/servers.js';
import { logFiles } from '../log/report.js';
import { storeFiles } from '../store/report.js';
import { transportCandidates } from '../transports/peers.js';
import { MEANINGS } from '../transports/questions.js';
import { writeTransportReport } from '../transports/report.js';
import { upgradeFiles } from '../upgrade/report.js';
import { here } from './checkout.js';
import { importsFiles } from './imports-report.js';
import { instructionsFiles } from './instructions-report.js';
import { serverCandidates } from './peers.js';
import { proseFigures, withProse, withTables } from './prose-figures.js';
import type { Published } from './published.js';
import { withFigures } from './readme-figures.js';
import { writeReport } from './report.js';
import { summaryPlot } from './summary.js';
import { threadsFiles } from './threads-report.js';
import { root } from './tools.js';
import { waitsFiles } from './waits-report.js';

const README = 'README.md';
const names = (candidates: readonly { readonly name: string }[]) => candidates.map(({ name }) => name);

/** Writes all pages and plots into a folder. */
export function writePages(folder: string, published: Published): void {
  const { servers, irc, transports, store, waits, imports, threads, log, upgrade, instructions } = published;
  writeReport(folder, servers, names(serverCandidates([here])));
  writeIrcReport(folder, irc, names(ircCandidates([here])));
  writeTransportReport(folder, transports, names(transportCandidates([here])), MEANINGS);
  const files = {
    ...{ 'summary.svg': summaryPlot(servers), ...storeFiles(store), ...waitsFiles(waits) },
    ...{ ...importsFiles(imports), ...threadsFiles(threads), ...logFiles(log), ...upgradeFiles(upgrade) },
    ...instructionsFiles(instructions, folder),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

/** The texts that may have figures, seen from the project's folder. */
export const TEXTS = [
  README,
  'examples/README.md',
  ...['docs', 'docs/learn'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];

/**
 * Returns the texts that have figures as they are with those of the raw data, by their paths.
 *
 * @param pages - the folder with the pages of {@link writePages}
 */
export function textsWithFigures(published: Published, pages: string): ReadonlyMap<string, string> {
  const figures = proseFigures(published);
  const read = (path: string): string => readFileSync(join(pages, path.replace('docs/benchmarks/', '')), 'utf8');
  return new Map(
    TEXTS.map((path) => {
      const text = withTables(withProse(readFileSync(join(root, path), 'utf8'), figures), read);
      return [path, path === README ? withFigures(text, published.servers, published.irc) : text];
    }),
  );
}
