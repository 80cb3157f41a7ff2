/** The file of a listening unix socket: taking its path, and removing it (unix(7)). */
import { type BigIntStats, chmodSync, chownSync, lstatSync, statSync, unlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { native } from '../binding/load.js';
import { hasCode, systemError, toError } from '../errors.js';
import { encodeAddress } from '../socket/address.js';
import { AF_UNIX, SOCK_STREAM } from '../socket/constants.js';

/**
 * A socket is bound before it listens, and refuses connections in between: a file counts as abandoned if it still
 * refuses them later.
 */
const SECOND_LOOK_MS = 50;
/** How often the path is looked at while another process takes it over. */
const ATTEMPTS = 20;
const SLASH = 0x2f;

/** The users who may connect: connect(2) needs permission to write to the file. */
export interface SocketFileAccess {
  /** Permission bits of the file, 0 to 0o777; undefined leaves those that the umask leaves. */
  readonly mode: number | undefined;
  /** The number of the group that the file belongs to; undefined for the process's own. */
  readonly group: number | undefined;
}

/** A file that a socket of this process is bound to. */
export class SocketFile {
  readonly #path: string | Buffer;
  readonly #device: bigint;
  readonly #inode: bigint;

  /** @throws the errors of lstat(2) */
  constructor(path: string | Buffer) {
    // The working directory may change before the file is removed.
    this.#path = toAbsolute(path);
    const { dev, ino } = lstatSync(this.#path, { bigint: true });
    this.#device = dev;
    this.#inode = ino;
  }

  /** @returns the file of a socket that is bound already, or null if it cannot be found any more */
  static ifThere(path: string | Buffer): SocketFile | null {
    try {
      return new SocketFile(path);
    } catch {
      return null;
    }
  }

  /** @throws the errors of chown(2) and chmod(2) */
  allow({ mode, group }: SocketFileAccess): void {
    // In this order: chown(2) may clear bits.
    if (group !== undefined) chownSync(this.#path, -1, group);
    if (mode !== undefined) chmodSync(this.#path, mode);
  }

  /**
   * Removes the file. A file of another server that has taken the path since is left.
   *
   * @returns why it is still there, or null
   */
  remove(): Error | null {
    try {
      const { dev, ino } = lstatSync(this.#path, { bigint: true });
      if (dev === this.#device && ino === this.#inode) unlinkSync(this.#path);
      return null;
    } catch (error) {
      return hasCode(error, 'ENOENT') ? null : toError(error);
    }
  }
}

function toAbsolute(path: string | Buffer): string | Buffer {
  if (typeof path === 'string') return resolve(path);
  return path[0] === SLASH ? path : Buffer.concat([Buffer.from(`${process.cwd()}/`), path]);
}

/**
 * Binds to a path, over the file of a server that has crashed if there is one.
 *
 * @param bind - binds to the path and listens; called again when the file is out of the way
 * @throws EADDRINUSE when a server is there, or a file that is no socket; the errors of `bind`
 */
export async function claimPath<T>(path: string | Buffer, bind: () => T): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return bind();
    } catch (error) {
      if (!hasCode(error, 'EADDRINUSE')) throw error;
    }
    if (!isAbandoned(path) || attempt === ATTEMPTS) throw inUse(path);
    await delay(SECOND_LOOK_MS);
    const lock = await lockPath(path);
    if (lock === null) continue;
    try {
      if (isAbandoned(path)) unlinkSync(path);
      return bind();
    } catch (error) {
      // A process without the lock was faster, or has removed the file: the next look shows which.
      if (!hasCode(error, 'EADDRINUSE') && !hasCode(error, 'ENOENT')) throw error;
    } finally {
      native.close(lock);
    }
  }
}

/** Whether the path belongs to a socket on which no process listens: connect(2) fails with ECONNREFUSED then. */
function isAbandoned(path: string | Buffer): boolean {
  const before = statSocket(path);
  if (before === null || !isRefused(path)) return false;
  const after = statSocket(path);
  return after !== null && after.dev === before.dev && after.ino === before.ino;
}

function statSocket(path: string | Buffer): BigIntStats | null {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isSocket() === true ? stats : null;
}

function isRefused(path: string | Buffer): boolean {
  const fd = native.socket(AF_UNIX, SOCK_STREAM, 0, true);
  try {
    // A full backlog (EAGAIN), missing rights (EACCES) or another type (EPROTOTYPE) are signs of life.
    return native.connect(fd, encodeAddress({ family: 'unix', path })) === constants.errno.ECONNREFUSED;
  } finally {
    native.close(fd);
  }
}

/**
 * Locks a path against other processes that take it over: two of them could both find it abandoned, and the slower
 * remove the file of the faster. An abstract name serves as the lock, since the kernel frees it when its holder dies.
 *
 * @returns the fd that holds the lock; null while another process does
 */
async function lockPath(path: string | Buffer): Promise<number | null> {
  // One character a byte, so that bytes that are no text survive.
  const bytes = Buffer.from(path).toString('latin1');
  const { dev, ino } = statSync(Buffer.from(dirname(bytes), 'latin1'), { bigint: true });
  // Loaded here, since most programs never take over a path, and it is large.
  const { createHash } = await import('node:crypto');
  const digest = createHash('sha256').update(`${dev}:${ino}:`).update(basename(bytes), 'latin1').digest('hex');
  const fd = native.socket(AF_UNIX, SOCK_STREAM, 0, true);
  try {
    native.bind(fd, encodeAddress({ family: 'unix', abstract: `fdmux-${digest}` }));
    return fd;
  } catch (error) {
    native.close(fd);
    if (hasCode(error, 'EADDRINUSE')) return null;
    throw error;
  }
}

function inUse(path: string | Buffer): Error {
  const isSocket = statSocket(path) !== null;
  const reason = isSocket ? 'another socket listens there' : 'there is a file that is no socket';
  return Object.assign(systemError('EADDRINUSE', 'bind', `${reason}: ${String(path)}`), { path });
}
