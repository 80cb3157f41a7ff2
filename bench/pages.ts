/** `npm run bench:pages`: pages, plots and README's figures, anew from the raw data; it measures nothing. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ircRunSchema, writeIrcReport } from './irc/report.js';
import { ircCandidates } from './irc/servers.js';
import { here } from './support/checkout.js';
import { runSchema } from './support/load.js';
import { serverCandidates } from './support/peers.js';
import { withFigures } from './support/readme-figures.js';
import { writeReport } from './support/report.js';
import { readResults } from './support/results.js';
import { summaryPlot } from './support/summary.js';
import { root } from './support/tools.js';

const folder = join(root, 'docs/benchmarks');
const readme = join(root, 'README.md');
const names = (candidates: readonly { readonly name: string }[]) => candidates.map(({ name }) => name);

const servers = readResults(join(folder, 'results.json'), runSchema);
const irc = readResults(join(folder, 'irc.json'), ircRunSchema);
writeReport(folder, servers, names(serverCandidates([here])));
writeIrcReport(folder, irc, names(ircCandidates([here])));
writeFileSync(join(folder, 'summary.svg'), summaryPlot(servers));
writeFileSync(readme, withFigures(readFileSync(readme, 'utf8'), servers, irc));
