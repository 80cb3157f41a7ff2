/** The room on the disk of the data: an SQLite file cannot be opened on a full one. */
import { statfs as statfsOf } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../../errors.js';

/** SQLite makes its shared memory and its log beside the file. */
const NEEDED_BYTES = 1_048_576;

/** The part of the answer of statfs(2) that is needed. */
interface Room {
  readonly blocks: number;
  readonly bavail: number;
  readonly bsize: number;
}

/** Looks where a folder is, or will be made. @throws Error if the disk is as good as full */
export async function checkDiskRoom(
  folder: string,
  statfs: (path: string) => Promise<Room> = (path) => statfsOf(path),
): Promise<void> {
  const { blocks, bavail, bsize } = await roomOf(folder, statfs);
  // Some file systems do not say how large they are.
  if (blocks === 0 || bavail * bsize >= NEEDED_BYTES) return;
  throw new Error(`${folder}: the disk is full: the data could not be opened`);
}

async function roomOf(folder: string, statfs: (path: string) => Promise<Room>): Promise<Room> {
  try {
    return await statfs(folder);
  } catch (error) {
    const parent = dirname(folder);
    if (!hasCode(error, 'ENOENT') || parent === folder) throw error;
    return roomOf(parent, statfs);
  }
}
