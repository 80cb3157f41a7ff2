/** `npm run bench`: brings everything up to date, compiles the suite, and runs it. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const servers = readdirSync(join(here, 'servers')).filter((name) => name.endsWith('.ts'));
await build({
  entryPoints: [join(here, 'main.ts'), ...servers.map((name) => join(here, 'servers', name))],
  outbase: here,
  outdir: join(here, '../build/bench'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['fdmux'],
  logLevel: 'warning',
});
const main = join(here, '../build/bench/main.js');
const { status } = spawnSync(process.execPath, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
