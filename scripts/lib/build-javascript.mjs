import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { buildPage } from './build-page.mjs';
import { at, filesBelow, root } from './paths.mjs';
import { say } from './progress.mjs';

/** The modules that a user may import, by subpath. Each gets an ES module beside its CommonJS file. */
export const entries = ['index', 'chat-server'];

/**
 * Compiles src/ to `dist` (a path inside the project), file by file, as CommonJS. None of these modules is ever copied
 * into another, so every class exists once; a package that is not ours is bundled into the file that imports it, with
 * its licence kept beside. The web page is built along with it.
 */
export async function buildJavaScript(dist = 'dist') {
  say('compiling src/ (esbuild)');
  const sources = filesBelow('src').filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'));
  const options = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node20', logLevel: 'warning' };
  const { metafile } = await build({
    ...options,
    entryPoints: sources,
    outdir: dist,
    outbase: 'src',
    format: 'cjs',
    metafile: true,
    legalComments: 'inline',
    // A package's UMD build hides its requires from the bundler; its ES module build does not.
    mainFields: ['module', 'main'],
    // esbuild exports every name as a getter that looks it up by key. In loops that read the kernel's constants or the
    // addon's functions this costs more than the work itself, so each module ends with a plain object of its exports.
    footer: { js: "module.exports = Object.defineProperty({ ...module.exports }, '__esModule', { value: true });" },
    plugins: [keepOwnModulesApart],
  });
  const written = new Set(Object.keys(metafile.outputs));
  for (const path of written) restoreClassNames(path);
  const page = await buildPage(dist);
  for (const path of page.outputs) written.add(path);
  for (const entry of entries) written.add(await writeModuleEntry(entry, dist, options));
  written.add(writeLicences(dist, [...Object.keys(metafile.inputs), ...page.inputs]));
  for (const path of filesBelow(dist)) {
    if (!written.has(path) && /\.(m?js|txt)$/.test(path)) rmSync(at(path));
  }
  if (written.has(`${dist}/cli.js`)) chmodSync(at(dist, 'cli.js'), 0o755);
}

const keepOwnModulesApart = {
  name: 'keep-own-modules-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, path, importer }) =>
      kind === 'entry-point' || importer.includes('/node_modules/') ? undefined : { path, external: true },
    );
  },
};

/**
 * A class that speaks of itself becomes `var Socket = class _Socket` in esbuild's output, and that name would be in
 * every stack trace and in `constructor.name`. Inside the class its own name means the same. (esbuild's `keepNames`
 * would do more: it names each closure anew whenever it is made.)
 */
function restoreClassNames(path) {
  const text = readFileSync(at(path), 'utf8');
  const names = [...text.matchAll(/^var (\w+) = class _\1\b/gm)].map(([, name]) => name);
  if (names.length === 0) return;
  const pattern = new RegExp(`\\b_(${names.join('|')})\\b`, 'g');
  writeFileSync(at(path), text.replace(pattern, '$1'));
}

/** The ES module of an entry: the same names, taken from the CommonJS file, so that both kinds of import share it. */
async function writeModuleEntry(entry, dist, options) {
  const { metafile } = await build({
    ...options,
    entryPoints: [`src/${entry}.ts`],
    format: 'esm',
    write: false,
    metafile: true,
    outdir: dist,
    plugins: [keepOwnModulesApart],
  });
  const names = Object.values(metafile.outputs)[0].exports.toSorted();
  const path = `${dist}/${entry}.mjs`;
  writeFileSync(at(path), `export {\n${names.map((name) => `  ${name},\n`).join('')}} from './${entry}.js';\n`);
  return path;
}

/** One file with the licence of every package that is bundled into dist/. */
function writeLicences(dist, inputs) {
  const packages = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  );
  const texts = [...packages].toSorted().map((name) => {
    const folder = at('node_modules', name);
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} is bundled but brings no licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
  });
  const path = `${dist}/THIRD-PARTY-LICENSES.txt`;
  const rule = `\n${'-'.repeat(78)}\n\n`;
  writeFileSync(at(path), texts.length > 0 ? texts.join(rule) : 'Nothing of others is bundled.\n');
  return path;
}
