/** `npm run bench` and the scripts `bench:*`: compiles the parts in TypeScript, and runs one suite. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { at } from '../scripts/lib/paths.mjs';

const sources = (folder) =>
  readdirSync(at('bench', folder))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => at('bench', folder, name));
const options = {
  outbase: at('bench'),
  outdir: at('build/bench'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['fdmux', 'better-sqlite3', 'pg', 'ioredis'],
  logLevel: 'warning',
};
await build({
  ...options,
  entryPoints: [
    ...sources('.'),
    ...sources('servers'),
    ...['irc/ws-alone.ts', 'log/node.ts', 'upgrade/watch.ts'].map((file) => at('bench', file)),
  ],
});
await build({ ...options, entryPoints: sources('waits'), format: 'esm', outExtension: { '.js': '.mjs' } });

const [, , suite, ...parameters] = process.argv;
const { status } = spawnSync(process.execPath, [join(options.outdir, `${suite}.js`), ...parameters], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
