/** The process that has a store. */
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LOCK_FILE } from './folder.js';

/**
 * Returns the process that has the store of a folder: proc_locks(5).
 *
 * @returns null if none has, or if that cannot be seen, for example because it is another user's
 */
export function lockHolderOf(folder: string): number | null {
  try {
    const path = realpathSync(join(folder, LOCK_FILE));
    const { ino } = statSync(path);
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      const [, pid, inode] = /: FLOCK .* (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line) ?? [];
      // Files of other file systems have the same number.
      if (pid !== undefined && Number(inode) === ino && hasOpen(pid, path)) return Number(pid);
    }
  } catch {
    // There is no such file.
  }
  return null;
}

function hasOpen(pid: string, path: string): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((fd) => readlinkSync(join(folder, fd)) === path);
  } catch {
    // It has ended, has closed one of them meanwhile, or is another user's.
    return false;
  }
}
