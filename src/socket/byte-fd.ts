/** An fd that bytes are read from and written to: read(2), write(2), lseek(2). */
import { constants } from 'node:fs';
import type { Duplex } from 'node:stream';
import { checkBoolean, checkInteger, checkOneOf, MAX_INT32, toBytes } from '../arguments.js';
import { WOULD_BLOCK } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { hasCode } from '../errors.js';
import { O_ACCMODE, readBytes, writeBytes } from './blocking-io.js';
import { F_GETFL, TIOCGPTN } from './constants.js';
import { byteDuplex, checkDuplexOptions, type DuplexOptions } from './duplex.js';
import { type ByteCalls, FdCarrier } from './fd-carrier.js';
import { OwnedFd, whenClosed } from './owned-fd.js';
import { receiveBuffer, takeReceived, toWritableBytes } from './receive-buffer.js';

const { O_RDONLY, O_WRONLY } = constants;
/** In the order of SEEK_SET, SEEK_CUR and so on. */
const SEEK_WORDS = ['start', 'current', 'end', 'data', 'hole'] as const satisfies readonly SeekFrom[];

/** The position that {@link Descriptor.lseek} counts from. */
export type SeekFrom = 'start' | 'current' | 'end' | 'data' | 'hole';

/** The base of every fd that carries bytes and is no socket. */
export abstract class ByteFd extends OwnedFd {
  /** Whether calls wait: the opposite of `O_NONBLOCK`. @throws ERR_CLOSED */
  get blocking(): boolean {
    return !native.isNonBlocking(this.fd);
  }

  /** Sets or clears `O_NONBLOCK`, which duplicates of the fd share. @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE */
  setBlocking(blocking: boolean): void {
    const fd = this.fd;
    checkBoolean(blocking, 'blocking');
    native.setNonBlocking(fd, !blocking);
  }

  /**
   * Reads up to `maxBytes` bytes: read(2).
   *
   * @param maxBytes from 0 to 2^31-1
   * @returns a buffer of its own, empty at end of file; `null` if it would block. The master of a pseudo-terminal ends
   *   when no program has the terminal open any more
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EIO (a device that was unplugged), EISDIR ...
   */
  read(maxBytes: number): Buffer | null {
    const fd = this.fd;
    checkInteger(maxBytes, 'maxBytes', 0, MAX_INT32);
    const buffer = receiveBuffer(maxBytes);
    const count = readOrEnd(fd, buffer, 0, maxBytes);
    return count === WOULD_BLOCK ? null : takeReceived(buffer, count);
  }

  /**
   * Reads into a buffer that exists: read(2).
   *
   * @param offset first byte to fill; default: 0
   * @param length how many bytes at most; default: the rest of the buffer
   * @returns how many bytes arrived, 0 at end of file; `null` if it would block
   * @throws as {@link read}
   */
  readInto(buffer: ArrayBufferView | ArrayBufferLike, offset = 0, length?: number): number | null {
    const fd = this.fd;
    const bytes = toWritableBytes(buffer);
    checkInteger(offset, 'offset', 0, bytes.byteLength);
    const count = readOrEnd(fd, bytes, offset, length ?? bytes.byteLength - offset);
    return count === WOULD_BLOCK ? null : count;
  }

  /**
   * Writes as much as the kernel takes now: write(2).
   *
   * @param bytes a string is written as UTF-8
   * @returns how many bytes it took, perhaps fewer than given; `null` if it would block
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE; EPIPE (the pipe has no reader), ENOSPC, EIO ...
   */
  write(bytes: string | ArrayBufferView | ArrayBufferLike): number | null {
    const fd = this.fd;
    const whole = toBytes(bytes);
    const count = writeBytes(fd, whole, 0, whole.byteLength);
    return count === WOULD_BLOCK ? null : count;
  }

  /**
   * Reads at a position, and leaves the file's own where it is: pread(2).
   *
   * @param position in bytes, from 0 to 2^53-1
   * @returns a buffer of its own, empty at end of file; `null` if it would block
   * @throws as {@link read}; ESPIPE (a pipe, a terminal)
   */
  pread(maxBytes: number, position: number): Buffer | null {
    const fd = this.fd;
    checkInteger(maxBytes, 'maxBytes', 0, MAX_INT32);
    const buffer = receiveBuffer(maxBytes);
    const count = native.pread(fd, buffer, 0, maxBytes, position);
    return count === WOULD_BLOCK ? null : takeReceived(buffer, count);
  }

  /**
   * Writes at a position, and leaves the file's own where it is: pwrite(2). A file opened with `O_APPEND` is appended
   * to all the same.
   *
   * @param position in bytes, from 0 to 2^53-1
   * @returns how many bytes it took; `null` if it would block
   * @throws as {@link write}; ESPIPE (a pipe, a terminal)
   */
  pwrite(bytes: string | ArrayBufferView | ArrayBufferLike, position: number): number | null {
    const fd = this.fd;
    const whole = toBytes(bytes);
    const count = native.pwrite(fd, whole, 0, whole.byteLength, position);
    return count === WOULD_BLOCK ? null : count;
  }

  /**
   * Moves the file's position: lseek(2).
   *
   * @param offset in bytes, from -(2^53-1) to 2^53-1
   * @param whence `'start'`, the default, `'current'`, `'end'`, or `'data'` and `'hole'` of a sparse file
   * @returns the new position, from the start
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ESPIPE (a pipe, a terminal), EINVAL, ENXIO
   */
  lseek(offset: number, whence: SeekFrom = 'start'): number {
    const fd = this.fd;
    checkOneOf(whence, 'whence', SEEK_WORDS);
    return native.lseek(fd, offset, SEEK_WORDS.indexOf(whence));
  }

  /**
   * Makes a Node.js stream of the fd, to be piped, read as lines and so on. The fd becomes non-blocking, which
   * duplicates of it share, and belongs to the stream: destroying the stream closes it, and closing it destroys the
   * stream.
   *
   * An fd that was opened only to be read makes a stream that is only readable, and one opened only to be written one
   * that is only writable. On any other fd there is nothing to end but the whole: `end()` sends what was written and
   * goes on reading, and the end of the reading side ends the stream.
   *
   * @param options of `stream.Duplex`; `allowHalfOpen` is by default false
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
   */
  toDuplex(options: DuplexOptions = {}): Duplex {
    checkDuplexOptions(options);
    const access = this.fcntl(F_GETFL) & O_ACCMODE;
    this.setBlocking(false);
    const calls = byteCalls(this, access !== O_WRONLY, access !== O_RDONLY);
    const Stream = byteDuplex();
    return new Stream(new FdCarrier(calls), { allowHalfOpen: false, ...options });
  }
}

/** The calls of an fd's stream. */
function byteCalls(owner: ByteFd, readable: boolean, writable: boolean): ByteCalls {
  return {
    readable,
    writable,
    get fd() {
      return owner.fd;
    },
    read: (maxBytes) => owner.read(maxBytes),
    write: (bytes) => owner.write(bytes),
    end: () => undefined,
    close: () => owner.close(),
    whenClosed: (listener) => whenClosed(owner, listener),
  };
}

/**
 * read(2). The master of a pseudo-terminal that no process has open any more gives EIO after the last byte: that is its
 * end.
 */
export function readOrEnd(fd: number, bytes: Uint8Array, offset: number, length: number): number {
  try {
    return readBytes(fd, bytes, offset, length);
  } catch (error) {
    if (hasCode(error, 'EIO') && isMaster(fd)) return 0;
    throw error;
  }
}

function isMaster(fd: number): boolean {
  try {
    native.ioctl(fd, TIOCGPTN, new Uint8Array(4));
    return true;
  } catch {
    return false;
  }
}
