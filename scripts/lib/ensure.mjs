import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hasSqlite, makeSqlite } from './build-sqlite.mjs';
import { withLock } from './lock.mjs';
import { at, changedMs, newestMs } from './paths.mjs';
import { say } from './progress.mjs';
import { npm } from './run.mjs';

/** The part that all the others need. */
const packages = {
  isStale: () => !nodeModulesMatchLock(),
  async make() {
    say('installing the development packages (npm ci)');
    await npm(['ci', '--no-audit', '--no-fund'], { cwd: at() });
  },
};

/**
 * The other parts that can be stale. None needs another, and one compiler leaves a processor idle: they are made at
 * once.
 */
const parts = [
  {
    isStale: () => newestMs([at('native'), at('binding.gyp')]) > changedMs(at('build/Release/fdmux.node')),
    async make() {
      const startedAt = new Date();
      const { buildNative } = await import('./build-native.mjs');
      await buildNative();
      // A source that was edited while the compiler ran is newer than this, so the next run builds again.
      utimesSync(at('build/Release/fdmux.node'), startedAt, startedAt);
    },
  },
  // It may have to be compiled, so the commands that need no store do without.
  { isForStore: true, isStale: () => !hasSqlite(), make: makeSqlite },
  {
    isStale: () =>
      newestMs([at('src'), at('web'), at('scripts'), at('deploy'), at('package.json')]) > changedMs(at('dist/.built')),
    async make() {
      const startedAt = new Date();
      const { buildJavaScript } = await import('./build-javascript.mjs');
      await buildJavaScript();
      writeFileSync(at('dist/.built'), '');
      utimesSync(at('dist/.built'), startedAt, startedAt);
    },
  },
];

/**
 * Makes missing and stale parts. Near-instant when there are none; two at once take turns.
 *
 * @param {{ withStore?: boolean }} options `withStore` adds the parts that a server that keeps data needs
 */
export async function ensure({ withStore = false } = {}) {
  const wanted = parts.filter((part) => withStore || part.isForStore !== true);
  if (![packages, ...wanted].some((part) => part.isStale())) return;
  await withLock(at(), async () => {
    if (packages.isStale()) await packages.make();
    const made = await Promise.allSettled(wanted.filter((part) => part.isStale()).map((part) => part.make()));
    for (const { reason } of made) if (reason !== undefined) throw reason;
    say('ready');
  });
}

/**
 * Times alone would call a fresh checkout stale, so the versions decide: npm keeps a lock file of the installed
 * packages, in which those for other systems are left out.
 */
function nodeModulesMatchLock() {
  const wantedPath = at('package-lock.json');
  const installedPath = at('node_modules/.package-lock.json');
  const installedMs = changedMs(installedPath);
  if (installedMs === 0) return false;
  if (installedMs > changedMs(wantedPath)) return true;
  const wanted = JSON.parse(readFileSync(wantedPath, 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || (installed[path]?.version ?? (optional && version)) === version,
  );
}
