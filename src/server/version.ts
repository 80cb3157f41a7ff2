/** The version of this package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Set by the build: code that a bundler has moved elsewhere finds no package.json, or that of another package. */
declare const FDMUX_VERSION: string | undefined;

/** Returns the version in package.json. */
export function packageVersion(): string {
  if (typeof FDMUX_VERSION === 'string') return FDMUX_VERSION;
  const manifest: unknown = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
