/**
 * `node scripts/smoke.mjs fdmux-1.2.3.tgz`: installs the tarball into an empty folder and uses every layer of it once,
 * in the main thread and in a worker. It needs nothing but a runtime and npm, so it runs in the barest container.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { smokeProgram } from './lib/smoke-program.mjs';

const [tarball] = process.argv.slice(2);
if (tarball === undefined) throw new Error('which tarball?');
const folder = mkdtempSync(join(tmpdir(), 'fdmux-smoke-'));
try {
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  writeFileSync(join(folder, 'smoke.cjs'), smokeProgram);
  const npmArgs = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', resolve(tarball)];
  execFileSync('npm', npmArgs, { cwd: folder, stdio: 'inherit' });
  execFileSync(process.execPath, ['smoke.cjs'], { cwd: folder, stdio: 'inherit', timeout: 60_000 });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
