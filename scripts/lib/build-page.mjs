import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { at, root } from './paths.mjs';
import { say } from './progress.mjs';

/**
 * Builds the web page of the chat server into `dist`/web: index.html, and in assets/ a script and a style sheet whose
 * names carry a hash of their content, so that browsers may keep them for ever.
 *
 * @returns {Promise<{ inputs: string[], outputs: string[] }>} the files that the page is made of, and those that it is
 */
export async function buildPage(dist = 'dist') {
  say('building the web page (esbuild)');
  const folder = `${dist}/web`;
  rmSync(at(folder), { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['web/main.tsx'],
    entryNames: 'page-[hash]',
    outdir: `${folder}/assets`,
    bundle: true,
    minify: true,
    metafile: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    charset: 'utf8',
    tsconfig: at('web/tsconfig.json'),
    legalComments: 'none',
    logLevel: 'warning',
  });
  const outputs = Object.keys(metafile.outputs).map((path) => path.slice(path.lastIndexOf('/') + 1));
  const named = (extension) => outputs.find((name) => name.endsWith(extension));
  const page = readFileSync(at('web/index.html'), 'utf8')
    .replace('page.js', named('.js'))
    .replace('page.css', named('.css'));
  mkdirSync(at(folder), { recursive: true });
  writeFileSync(at(folder, 'index.html'), page);
  const parts = [page, ...outputs.map((name) => readFileSync(at(folder, 'assets', name)))];
  const bytes = parts.reduce((sum, part) => sum + gzipSync(part).length, 0);
  say(`the web page has ${(bytes / 1000).toFixed(1)} kB (gzip)`);
  return { inputs: Object.keys(metafile.inputs), outputs: Object.keys(metafile.outputs) };
}
