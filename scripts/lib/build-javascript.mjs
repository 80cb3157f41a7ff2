import { readFileSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { build } from 'esbuild';
import { buildManuals } from './build-manuals.mjs';
import { buildPage } from './build-page.mjs';
import { builtinsOfPackages, compileOptions, finish } from './compile.mjs';
import { removeEarlierBuilds } from './earlier-builds.mjs';
import { mergeChunks } from './merge-chunks.mjs';
import { intoOwnFolder } from './own-folder.mjs';
import { at, filesBelow } from './paths.mjs';
import { say } from './progress.mjs';
import { toCommonJs, withLiteralRequires } from './to-common-js.mjs';

/** The modules that a user may import, by subpath. */
export const entries = ['index', 'chat-server'];

/** The parts that `require('fdmux')` loads late, when one of their names is used: by the file that has them. */
const LAZY = {
  devices:
    /\/socket\/(?:kernel-constants|pty|serial-port|termios|terminal|signal-fd|inotify|fanotify|pid-fd|file-lock|splice|interface|request-number|input-event|gpio-line|can-frame|netlink|interface-request)\.js$/,
  connections: /\/net\/[a-z-]+\.js$/,
};
/** The program of the store's threads: those of the build start it in its folder, and others by this name. */
const THREAD = 'store-thread';
/** The entries that are loaded together: see {@link mergeChunks}. */
const PROGRAMS = [
  ['index'],
  ...Object.keys(LAZY).map((name) => ['index', name]),
  ['index', 'chat-server'],
  ['cli'],
  [THREAD],
];
const lazyPath = (name) => `./${name}.js`;

/**
 * Compiles src/ to `dist` (a path inside the project): one file an entry, and one for what entries share, so every
 * class exists once. Loading those takes a third of the time that loading the modules of src/ one by one would take.
 *
 * - `dist/*.js` is CommonJS. `dist/*.mjs` has the same names for Node's `import`, taken from there, so a program that
 *   does both has one set of classes.
 * - `dist/chunks-*` has the files that they load, in a folder of this build's own. Folders of earlier builds stay as
 *   long as a process may run with them.
 * - `dist/esm/*.js` is the same code as ES modules, for bundlers: they leave out unused parts, and make either kind of
 *   module of it. The package names it under the condition `module`, for which no runtime asks. A package.json of its
 *   own says no type, because webpack looks for `require` only in a file of which it does not know the type.
 * - `dist/web/` is the chat server's page.
 * - `dist/man/`, `dist/completions/` and `dist/systemd/` are for the user's system.
 */
export async function buildJavaScript(dist = 'dist') {
  say('compiling src/ (esbuild)');
  const [page, manuals, forNode, forBundlers] = await Promise.all([
    buildPage(dist),
    buildManuals(dist),
    compile([...entries, 'cli', THREAD], dist, 'chunks/', [threadBeside, ...Object.entries(LAZY).map(lazyFile)]),
    compile(entries, `${dist}/esm`, '', [hereInModule], { __dirname: 'undefined' }),
  ]);
  const merged = await mergeChunks(forNode, dist, PROGRAMS);
  const separate = await Promise.all(merged.map((file) => toCommonJs(file, Object.keys(LAZY).map(lazyPath))));
  const named = [...entries, 'cli'].map((name) => at(dist, `${name}.js`));
  const commonJs = intoOwnFolder(separate, at(dist), named);
  const thread = commonJs.find(({ path }) => basename(path) === `${THREAD}.js`).path;
  const files = [
    ...commonJs,
    { path: at(dist, `${THREAD}.js`), text: `require('./${relative(at(dist), thread)}');\n` },
    ...entries.map((entry) => moduleEntry(entry, dist, commonJs)),
    ...forBundlers.outputFiles.map(({ path, text }) => ({ path, text: withLiteralRequires(text) })),
    { path: at(dist, 'esm/package.json'), text: '{ "sideEffects": false }\n' },
    ...manuals,
  ];
  const inputs = [page.inputs, ...[forNode, forBundlers].map(({ metafile }) => Object.keys(metafile.inputs))].flat();
  finish(dist, files, inputs, page.outputs);
  removeEarlierBuilds(at(dist), dirname(thread));
}

/** Compiles to ES modules, the only kind for which esbuild can share code between entries. */
function compile(names, outdir, chunks, plugins, define = {}) {
  const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  return build({
    ...compileOptions,
    entryPoints: names.map((name) => ({ in: `src/${name}.ts`, out: name })),
    outdir,
    format: 'esm',
    splitting: true,
    chunkNames: `${chunks}[name]-[hash]`,
    define: { FDMUX_VERSION: JSON.stringify(version), ...define },
    plugins: [builtinsOfPackages, ...plugins],
  });
}

/** Takes lazy modules out of src/index.ts, into a file of their own. */
const lazyFile = ([name, modules]) => ({
  name: `lazy-${name}`,
  setup({ initialOptions, onResolve, onLoad }) {
    initialOptions.entryPoints.push({ in: name, out: name });
    onResolve({ filter: new RegExp(`^${name}$`) }, ({ kind }) =>
      kind === 'entry-point' ? { path: name, namespace: name } : undefined,
    );
    onLoad({ filter: /^/, namespace: name }, () => ({
      contents: filesBelow('src')
        .map((path) => path.replace(/^src(.*)\.ts$/, '.$1.js'))
        .filter((path) => modules.test(path))
        .map((path) => `export * from '${path}';`)
        .join('\n'),
      resolveDir: at('src'),
    }));
    onResolve({ filter: modules }, ({ importer }) =>
      importer === at('src/index.ts') ? { path: lazyPath(name), external: true } : undefined,
    );
  },
});

/** src/binding/here.ts as an ES module has it. */
const hereInModule = {
  name: 'here-in-module',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/binding\/here\.ts$/ }, () => ({
      contents: `import { resolve } from 'node:path';
        import { fileURLToPath } from 'node:url';
        const { url } = import.meta;
        export const here = resolve(url === undefined ? (process.argv[1] ?? process.execPath) : fileURLToPath(url));`,
    }));
  },
};

/** src/store/thread-file.ts as a build for Node.js has it. */
const threadBeside = {
  name: 'thread-beside',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/store\/thread-file\.ts$/ }, () => ({
      contents: `import { dirname, join } from 'node:path';
        import { here } from '../binding/here.js';
        export const threadFile = join(dirname(here), '${THREAD}.js');`,
      resolveDir: at('src/store'),
    }));
  },
};

/** The ES module of an entry for Node.js: the names of its CommonJS file. */
function moduleEntry(entry, dist, files) {
  const { names } = files.find(({ path }) => path === at(dist, `${entry}.js`));
  const list = names.toSorted().map((name) => `  ${name},\n`);
  return { path: at(dist, `${entry}.mjs`), text: `export {\n${list.join('')}} from './${entry}.js';\n` };
}
