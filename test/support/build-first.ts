import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Brings the addon and dist/ up to date before any test runs, so that no test meets yesterday's build. */
export default function setup(): void {
  if (process.env['FDMUX_TEST_SUBJECT'] !== undefined) return;
  const script = join(__dirname, '../../scripts/ensure.mjs');
  const { status } = spawnSync(process.execPath, [script, '--store'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error('the build failed');
}
