/** open(2), read(2) and write(2) on fds that block: in a worker they wait in slices, so that it can be terminated. */
import { constants, statSync } from 'node:fs';
import { WOULD_BLOCK } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { hasCode } from '../errors.js';
import { blocksInSlices } from '../readiness/blocking-call.js';
import { POLLIN, POLLOUT } from '../readiness/constants.js';
import { BlockingWait } from './blocking-wait.js';
import { withPath } from './named-error.js';

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
/** The bits of the flags that hold O_RDONLY, O_WRONLY or O_RDWR. */
export const O_ACCMODE = O_RDONLY | O_WRONLY | O_RDWR;

/** read(2). @returns the count, 0 at end of file, or WOULD_BLOCK */
export function readBytes(fd: number, bytes: Uint8Array, offset: number, length: number): number {
  if (!blocksInSlices) return native.read(fd, bytes, offset, length);
  return callUntilDone(fd, POLLIN, () => native.read(fd, bytes, offset, length, true));
}

/** write(2). @returns the count, or WOULD_BLOCK */
export function writeBytes(fd: number, bytes: Uint8Array, offset: number, length: number): number {
  if (!blocksInSlices) return native.write(fd, bytes, offset, length);
  let written = 0;
  do {
    try {
      const start = offset + written;
      const left = length - written;
      const count = callUntilDone(fd, POLLOUT, () => native.write(fd, bytes, start, left, true));
      if (count === WOULD_BLOCK) return written > 0 ? written : WOULD_BLOCK;
      written += count;
    } catch (error) {
      // As in the kernel: earlier written bytes count, and the next call reports the error.
      if (written > 0) return written;
      throw error;
    }
  } while (written < length && writesAll(fd));
  return written;
}

/** Whether a write that blocks ends only when all is written. */
function writesAll(fd: number): boolean {
  if (native.isNonBlocking(fd)) return false;
  const type = native.fileType(fd);
  return type === constants.S_IFIFO || type === constants.S_IFSOCK || process.getBuiltinModule('node:tty').isatty(fd);
}

/** Makes a non-blocking call until it is done, or until the fd turns out to be non-blocking, too. */
function callUntilDone(fd: number, events: number, call: () => number): number {
  const wait = new BlockingWait(fd, events, -1);
  for (let isFirst = true; ; isFirst = false) {
    const count = call();
    if (count !== WOULD_BLOCK || native.isNonBlocking(fd)) return count;
    // If another reader was faster, or a device reports a readiness that does not exist, this does not spin.
    const isInTime = wait.forReadiness() && (isFirst || wait.pause());
    if (!isInTime) return WOULD_BLOCK;
  }
}

/** open(2). Its error names the path. */
export function openPath(path: Uint8Array, flags: number, mode: number): number {
  const access = flags & O_ACCMODE;
  const mayWait = blocksInSlices && access !== O_RDWR && (flags & O_NONBLOCK) === 0 && isFifo(path);
  return withPath(path, () => {
    if (!mayWait) return native.open(path, flags, mode);
    return access === O_RDONLY ? openFifoToRead(path, flags) : openFifoToWrite(path, flags);
  });
}

/** A path that does not exist, or that may not be looked at, is left to open(2). */
function isFifo(path: Uint8Array): boolean {
  try {
    return statSync(Buffer.from(path)).isFIFO();
  } catch {
    return false;
  }
}

function openFifoToRead(path: Uint8Array, flags: number): number {
  const fd = native.open(path, flags | O_NONBLOCK, 0);
  try {
    for (const wait = new BlockingWait(fd, POLLIN, Infinity); !native.fifoHasHadWriter(fd);) wait.pause();
    native.setNonBlocking(fd, false);
    return fd;
  } catch (error) {
    native.close(fd);
    throw error;
  }
}

function openFifoToWrite(path: Uint8Array, flags: number): number {
  const fd = openUntilRead(path, flags | O_NONBLOCK);
  native.setNonBlocking(fd, false);
  return fd;
}

/** Without waiting, a FIFO that has no reader gives ENXIO: fifo(7). */
function openUntilRead(path: Uint8Array, flags: number): number {
  for (let wait: BlockingWait | undefined; ; wait.pause()) {
    try {
      return native.open(path, flags, 0);
    } catch (error) {
      if (!hasCode(error, 'ENXIO')) throw error;
    }
    wait ??= new BlockingWait(-1, POLLOUT, Infinity);
  }
}
