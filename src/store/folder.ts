/** The folder of a store. */
import { closeSync, existsSync, fchmodSync, fstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasCode, toError } from '../errors.js';
import { flock } from '../socket/file-lock.js';
import { StoreError } from './store-error.js';

/** The name of the file in the folder. */
export const STORE_FILE = 'fdmux.db';
/** The name of the file that the process has locked which has the store. */
export const LOCK_FILE = 'lock';
/** The permissions of users who are neither the owner nor in the group. */
const OTHERS = 0o007;

/**
 * Makes the folder, and locks it for as long as the fd is open: the kernel releases the lock however this process ends.
 *
 * @returns the fd
 * @throws StoreError
 */
export function lockFolder(folder: string): number {
  let fd: number;
  try {
    makeFolder(folder);
    fd = openSync(join(folder, LOCK_FILE), 'a', 0o600);
    // SQLite would make a file that everybody can read.
    closeToOthers(openSync(join(folder, STORE_FILE), 'a', 0o600));
  } catch (error) {
    const message = toError(error).message;
    throw new StoreError('ERR_STORE_FOLDER', `${folder} cannot be used for the store: ${message}`, { cause: error });
  }
  if (flock(fd, 'exclusive')) return fd;
  closeSync(fd);
  throw new StoreError('ERR_STORE_IN_USE', `${folder}: another process uses this store`);
}

/**
 * Makes a folder, with those that it is in. The recursive mkdir of Node.js never ends where nobody can make a folder,
 * such as in /proc.
 *
 * @throws the errors of mkdir(2)
 */
function makeFolder(folder: string): void {
  const parent = dirname(folder);
  if (parent !== folder && !existsSync(parent)) makeFolder(parent);
  try {
    mkdirSync(folder, 0o700);
  } catch (error) {
    // Another process may have made it meanwhile. A link that leads nowhere exists, and is no folder.
    if (!hasCode(error, 'EEXIST') || statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

/** A restored copy may be open to everybody, and SQLite gives the write-ahead log the permissions of the file. */
function closeToOthers(fd: number): void {
  try {
    const { mode, uid } = fstatSync(fd);
    if ((mode & OTHERS) !== 0 && uid === process.geteuid?.()) fchmodSync(fd, mode & 0o777 & ~OTHERS);
  } finally {
    closeSync(fd);
  }
}

/** Returns the path of the file in a folder. @throws StoreError if there is none */
export function findFile(folder: string): string {
  const path = join(folder, STORE_FILE);
  if (existsSync(path)) return path;
  throw new StoreError('ERR_STORE_FOLDER', `${folder}: there is no store in this folder`);
}
