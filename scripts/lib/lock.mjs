import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { changedMs } from './paths.mjs';
import { Problem, say } from './progress.mjs';

/** Holds a lock file with our pid in it while `work` runs. A lock whose owner is gone is taken over. */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  const deadline = Date.now() + 15 * 60_000;
  let told = false;
  while (!tryLock(path)) {
    if (!told) say('another build of this folder is under way; waiting for it');
    told = true;
    if (Date.now() > deadline) throw new Problem(`${path} is held for more than 15 minutes; remove it and try again.`);
    await delay(100);
  }
  try {
    await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw new Problem(`cannot write ${path}: ${error.message}`);
  }
  if (!isHeld(path)) rmSync(path, { force: true });
  return false;
}

function isHeld(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    // An empty file is one whose owner is between creating it and writing its pid.
    if (pid === 0) return Date.now() - changedMs(path) < 5_000;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
