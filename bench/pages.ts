/**
 * `npm run bench:pages`: pages, plots and the documentation's figures, made again from the raw data; it measures
 * nothing.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { textsWithFigures, writePages } from './support/pages.js';
import { readPublished } from './support/published.js';
import { root } from './support/tools.js';

const folder = join(root, 'docs/benchmarks');
const published = readPublished(folder);
writePages(folder, published);
for (const [path, text] of textsWithFigures(published, folder)) writeFileSync(join(root, path), text);
