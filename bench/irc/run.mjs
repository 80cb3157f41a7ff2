/** `npm run bench:irc`: compiles the suite for IRC servers, and runs it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const main = join(here, '../../build/bench/irc.js');
await build({
  entryPoints: [join(here, 'main.ts')],
  outfile: main,
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
