/**
 * How to bundle a program that uses fdmux, one way a row. `setting` is the text in `docs/bundlers.md`; the check builds
 * by it, takes the installed fdmux away, moves the built files elsewhere and runs them there.
 */

/** The tools of the rows, with fixed versions. */
export const tools = [
  '@rollup/plugin-commonjs@29.0.3',
  '@rollup/plugin-node-resolve@16.0.3',
  '@vercel/ncc@0.45.0',
  '@vercel/nft@1.11.5',
  'esbuild@0.28.2',
  'node-loader@2.1.0',
  'postject@1.0.0-alpha.6',
  'rollup@4.68.8',
  'vite@8.3.8',
  'webpack@5.112.2',
  'webpack-cli@7.3.1',
];

const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * Each has the files that it needs beside the program `app.mjs`, the commands that build it into `out/`, and the one
 * that runs it there. In these, `node` and `bun` are the runtimes, and other first words are commands of the tools.
 *
 * `needsPrebuilds`: the built files run beside a copy of the package's folder `prebuilds`.
 */
export const bundlers = [
  {
    name: 'esbuild, to CommonJS',
    setting: '--bundle --platform=node --loader:.node=copy',
    build: [['esbuild', 'app.mjs', '--bundle', '--platform=node', '--loader:.node=copy', '--outfile=out/app.cjs']],
    run: ['node', 'app.cjs'],
  },
  {
    name: 'esbuild, to an ES module',
    setting: '--bundle --platform=node --format=esm --loader:.node=file',
    build: [
      [
        ...['esbuild', 'app.mjs', '--bundle', '--platform=node', '--format=esm', '--loader:.node=file'],
        '--outfile=out/app.mjs',
      ],
    ],
    run: ['node', 'app.mjs'],
  },
  {
    name: 'webpack',
    setting: "module: { rules: [{ test: /\\.node$/, loader: 'node-loader' }] }",
    files: {
      'webpack.config.cjs': `module.exports = {
        mode: 'production', target: 'node', entry: './app.mjs',
        output: { path: __dirname + '/out', filename: 'app.cjs' },
        module: { rules: [{ test: /\\.node$/, loader: 'node-loader' }] },
      };`,
    },
    build: [['webpack', '-c', 'webpack.config.cjs']],
    run: ['node', 'app.cjs'],
  },
  {
    name: 'rollup',
    setting:
      "output: { file: 'out/app.mjs', inlineDynamicImports: true }, plugins: [nodeResolve({ preferBuiltins: true }), commonjs()]",
    needsPrebuilds: true,
    files: {
      'rollup.config.mjs': `import { nodeResolve } from '@rollup/plugin-node-resolve';
        import commonjs from '@rollup/plugin-commonjs';
        export default {
          input: 'app.mjs', output: { file: 'out/app.mjs', inlineDynamicImports: true },
          plugins: [nodeResolve({ preferBuiltins: true }), commonjs()],
        };`,
    },
    build: [['rollup', '-c', 'rollup.config.mjs']],
    run: ['node', 'app.mjs'],
  },
  {
    name: 'Vite (ssr)',
    setting: "assetsInclude: ['**/*.node'], build: { ssr: 'app.mjs', ssrEmitAssets: true, assetsInlineLimit: 0 }",
    needsPrebuilds: true,
    files: {
      'vite.config.mjs': `export default {
        ssr: { noExternal: true }, assetsInclude: ['**/*.node'],
        build: { ssr: 'app.mjs', ssrEmitAssets: true, assetsInlineLimit: 0, outDir: 'out' },
      };`,
    },
    build: [['vite', 'build', '-c', 'vite.config.mjs']],
    run: ['node', 'app.mjs'],
  },
  {
    name: 'ncc',
    setting: 'ncc build app.mjs -o out',
    build: [['ncc', 'build', 'app.mjs', '-o', 'out']],
    run: ['node', 'index.mjs'],
  },
  {
    name: 'nft, which serverless hosts use',
    setting: "await nodeFileTrace(['app.mjs'])",
    files: {
      'trace.mjs': `import { cpSync } from 'node:fs';
        import { nodeFileTrace } from '@vercel/nft';
        const { fileList } = await nodeFileTrace(['app.mjs']);
        for (const path of fileList) cpSync(path, 'out/' + path);`,
    },
    build: [['node', 'trace.mjs']],
    run: ['node', 'app.mjs'],
  },
  {
    name: 'Bun, to an executable',
    setting: 'bun build --compile app.mjs',
    build: [['bun', 'build', '--compile', 'app.mjs', '--outfile', 'out/app']],
    run: ['./app'],
  },
  {
    name: "Node.js's single executable application",
    setting: '--bundle --platform=node --loader:.node=empty',
    needsPrebuilds: true,
    files: { 'sea.json': JSON.stringify({ main: 'sea.cjs', output: 'sea.blob' }) },
    build: [
      ['esbuild', 'app.mjs', '--bundle', '--platform=node', '--loader:.node=empty', '--outfile=sea.cjs'],
      ['node', '--experimental-sea-config', 'sea.json'],
      ['node', '-e', "require('fs').mkdirSync('out'); require('fs').copyFileSync(process.execPath, 'out/app')"],
      ['postject', 'out/app', 'NODE_SEA_BLOB', 'sea.blob', '--sentinel-fuse', FUSE],
    ],
    run: ['./app'],
  },
];
