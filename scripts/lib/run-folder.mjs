/** The folder that a run of a program has for itself, so that two runs at a time do not share files. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const NAME = /^run-(\d+)$/;

/**
 * Makes a folder below `parent` that is named after this process. Those of processes that have ended are removed first:
 * a signal leaves no time for that.
 */
export function makeRunFolder(parent) {
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    const pid = NAME.exec(name)?.[1];
    const isLeft = pid !== undefined && (pid === String(process.pid) || !existsSync(`/proc/${pid}`));
    if (isLeft) rmSync(join(parent, name), { recursive: true, force: true });
  }
  const folder = join(parent, `run-${process.pid}`);
  mkdirSync(folder);
  return folder;
}
