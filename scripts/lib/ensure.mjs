import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { at, changedMs, newestMs } from './paths.mjs';
import { Problem, say } from './progress.mjs';
import { npm } from './run.mjs';

const lockPath = at('.cache', 'ensure.lock');

/** What can be stale, in the order in which one needs the other. */
const steps = [
  {
    isStale: () => !nodeModulesMatchLock(),
    async make() {
      say('installing the development packages (npm ci)');
      await npm(['ci', '--no-audit', '--no-fund'], { cwd: at() });
    },
  },
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
  {
    isStale: () => newestMs([at('src'), at('scripts'), at('package.json')]) > changedMs(at('dist/.built')),
    async make() {
      const startedAt = new Date();
      const { buildJavaScript } = await import('./build-javascript.mjs');
      await buildJavaScript();
      writeFileSync(at('dist/.built'), '');
      utimesSync(at('dist/.built'), startedAt, startedAt);
    },
  },
];

/** Makes what is missing or stale. Near-instant when nothing is; two at once take turns. */
export async function ensure() {
  if (!steps.some((step) => step.isStale())) return;
  await withLock(async () => {
    for (const step of steps) if (step.isStale()) await step.make();
    say('ready');
  });
}

/**
 * Times alone would call a fresh checkout stale, so the versions decide: npm keeps a copy of the lock file of what it
 * has installed, in which packages for other systems are left out.
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

/** Holds a lock file with our pid while `work` runs; a lock whose owner is gone is taken over. */
async function withLock(work) {
  mkdirSync(at('.cache'), { recursive: true });
  const deadline = Date.now() + 15 * 60_000;
  let told = false;
  while (!tryLock()) {
    if (!told) say('another build of this folder is under way; waiting for it');
    told = true;
    if (Date.now() > deadline)
      throw new Problem(`${lockPath} is held for more than 15 minutes; remove it and try again.`);
    await delay(100);
  }
  try {
    await work();
  } finally {
    rmSync(lockPath, { force: true });
  }
}

function tryLock() {
  try {
    writeFileSync(lockPath, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw new Problem(`cannot write ${lockPath}: ${error.message}`);
  }
  if (!isHeld()) rmSync(lockPath, { force: true });
  return false;
}

function isHeld() {
  try {
    const pid = Number(readFileSync(lockPath, 'utf8'));
    // An empty file is one whose owner is between creating it and writing its pid.
    if (pid === 0) return Date.now() - changedMs(lockPath) < 5_000;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
