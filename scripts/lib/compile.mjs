import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, relative } from 'node:path';
import { FOLDER_START } from './own-folder.mjs';
import { at, filesBelow, root } from './paths.mjs';

/** The options that all compilations of src/ share. */
export const compileOptions = {
  absWorkingDir: root,
  outbase: 'src',
  bundle: true,
  write: false,
  metafile: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  legalComments: 'inline',
  // A package's UMD build hides its requires from the bundler; its ES module build does not.
  mainFields: ['module', 'main'],
  external: ['*.node', 'better-sqlite3'],
};

/**
 * A package in CommonJS gets Node's modules by a call that works in an ES module too, which has no `require`.
 */
export const builtinsOfPackages = {
  name: 'builtins-of-packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:node:)?[a-z0-9_]+(?:\/[a-z]+)?$/ }, ({ kind, path }) =>
      kind === 'require-call' && isBuiltin(path) ? { path, namespace: 'builtin' } : undefined,
    );
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * Writes the compiled files, with the licences of the packages in it, and removes the files of an earlier build.
 *
 * @param inputs the paths of all that was compiled
 * @param others files of this build that are written already
 */
export function finish(dist, outputFiles, inputs, others = []) {
  const written = new Set(others);
  // A file that loads others is written after them: a process may be started at any time.
  const deepestFirst = (a, b) => b.path.split('/').length - a.path.split('/').length;
  for (const { path, text } of outputFiles.toSorted(deepestFirst)) {
    written.add(relative(root, path));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, withClassNames(text));
  }
  written.add(writeLicences(dist, inputs));
  for (const path of filesBelow(dist)) {
    if (!written.has(path) && /\.(m?js|txt)$/.test(path) && !path.includes(`/${FOLDER_START}`)) rmSync(at(path));
  }
  if (written.has(`${dist}/cli.js`)) chmodSync(at(dist, 'cli.js'), 0o755);
}

/**
 * A class that refers to itself becomes `var Socket = class _Socket` in esbuild's output, and that name would be in
 * every stack trace and in `constructor.name`. Inside the class its own name means the same. (esbuild's `keepNames`
 * would do more: it names each closure again whenever it is made.)
 */
function withClassNames(text) {
  const names = [...text.matchAll(/^var (\w+) = class _\1\b/gm)].map(([, name]) => name);
  return names.length === 0 ? text : text.replace(new RegExp(`\\b_(${names.join('|')})\\b`, 'g'), '$1');
}

/** Returns the licence of a package: a file of its own, or the end of its README. */
function licenceIn(folder, name) {
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file !== undefined) return readFileSync(`${folder}/${file}`, 'utf8').trim();
  const readme = readFileSync(`${folder}/README.md`, 'utf8');
  const section = /^#+ licen[cs]e$(.+)/ims.exec(readme)?.[1];
  if (section === undefined) throw new Error(`${name} is bundled but brings no licence`);
  return section.trim();
}

/** One file with the licence of every package that is bundled into dist/. */
function writeLicences(dist, inputs) {
  const packages = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  );
  const texts = [...packages].toSorted().map((name) => {
    const folder = at('node_modules', name);
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    return `${name} ${version} (${license})\n\n${licenceIn(folder, name)}\n`;
  });
  const path = `${dist}/THIRD-PARTY-LICENSES.txt`;
  const rule = `\n${'-'.repeat(78)}\n\n`;
  writeFileSync(at(path), texts.length > 0 ? texts.join(rule) : 'Nothing of others is bundled.\n');
  return path;
}
