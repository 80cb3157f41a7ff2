/**
 * `npm run site`: compiles site/, and has it build the documentation site into .site/ (`--out FOLDER`: elsewhere).
 * `--if-stale` builds only if something that the site is made of is newer than it.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { withLock } from './lib/lock.mjs';
import { at, changedMs, newestMs, root } from './lib/paths.mjs';
import { runMain, say } from './lib/progress.mjs';
import { run } from './lib/run.mjs';

const SOURCES = ['docs', 'site', 'src', 'examples', 'bench/README.md', 'package.json', 'tsconfig.build.json'];
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];

const { values } = parseArgs({ options: { out: { type: 'string' }, 'if-stale': { type: 'boolean', default: false } } });
const out = values.out === undefined ? at('.site') : resolve(values.out);

/** The search index is written last. */
const isFresh = () =>
  changedMs(`${out}/assets/search.json`) > newestMs([...SOURCES, ...DOCUMENTS].map((path) => at(path)));

async function buildSite() {
  const program = at('build/site/main.mjs');
  await build({
    entryPoints: [at('site/main.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  say('building the site (typedoc, markdown-it)');
  say((await run(process.execPath, [program, root, out])).trim());
}

await runMain(() =>
  withLock(`site in ${out}`, async () => {
    if (!values['if-stale'] || !isFresh()) await buildSite();
  }),
);
