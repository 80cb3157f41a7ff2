import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { addonEnvironment } from '../../support/preload.js';

/** The addon under test. */
const ADDON = process.env['FDMUX_BINARY'] ?? join(__dirname, '../../../build/Release/fdmux.node');

/** Runs one of these programs to its end; the addon's path is its first argument. */
export function runChild(name: string, ...args: string[]) {
  const child = spawnSync(process.execPath, [join(__dirname, name), ADDON, ...args], {
    encoding: 'utf8',
    env: addonEnvironment(),
    timeout: 300_000,
  });
  return { status: child.status, signal: child.signal, stdout: child.stdout, stderr: child.stderr };
}
