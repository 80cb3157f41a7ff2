import { build } from 'esbuild';
import { buildPage } from './build-page.mjs';
import { compileOptions, finish } from './compile.mjs';
import { filesBelow } from './paths.mjs';

/**
 * Compiles src/ file by file into `dist` (a path inside the project), instead of the bundles that users have, so that
 * the matrix can test each module of src/ under a runtime that takes no TypeScript.
 */
export async function buildModules(dist) {
  const sources = filesBelow('src').filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'));
  const { outputFiles, metafile } = await build({
    ...compileOptions,
    entryPoints: sources,
    outdir: dist,
    format: 'cjs',
    // Otherwise each module's exports were getters, and a loop that reads constants of another module is slow.
    footer: { js: "module.exports = Object.defineProperty({ ...module.exports }, '__esModule', { value: true });" },
    plugins: [keepOwnModulesApart],
  });
  const page = await buildPage(dist);
  finish(dist, outputFiles, [...Object.keys(metafile.inputs), ...page.inputs], page.outputs);
}

const keepOwnModulesApart = {
  name: 'keep-own-modules-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, path, importer }) =>
      kind === 'entry-point' || importer.includes('/node_modules/') ? undefined : { path, external: true },
    );
  },
};
