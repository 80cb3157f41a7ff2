/** Files, devices and pipes as raw fds: open(2), read(2), write(2), lseek(2), pipe(2). */
import { constants } from 'node:fs';
import type { Duplex } from 'node:stream';
import {
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkOptions,
  type FdLike,
  MAX_INT32,
  type OptionNames,
  toBytes,
  toFd,
} from '../arguments.js';
import { WOULD_BLOCK } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { hasCode } from '../errors.js';
import { OpenFd } from '../readiness/open-fd.js';
import { O_ACCMODE, openPath, readBytes, writeBytes } from './blocking-io.js';
import { F_GETFL, TIOCGPTN } from './constants.js';
import { ByteDuplex, checkDuplexOptions, type DuplexOptions } from './duplex.js';
import { type ByteCalls, FdCarrier } from './fd-carrier.js';
import { OwnedFd } from './owned-fd.js';
import { type PathInput, toPathBytes } from './path.js';
import { receiveBuffer, takeReceived, toWritableBytes } from './receive-buffer.js';

const MAX_MODE = 0o7777;
const { O_RDONLY, O_WRONLY } = constants;
/** In the order of SEEK_SET and its kin. */
const SEEK_WORDS = ['start', 'current', 'end', 'data', 'hole'] as const;

/** From where {@link Descriptor.lseek} counts. */
export type SeekFrom = (typeof SEEK_WORDS)[number];

/** Options of {@link pipe}. */
export interface PipeOptions {
  /** Whether reads and writes wait. Default: false. */
  readonly blocking?: boolean | undefined;
}

const PIPE_OPTIONS: OptionNames<PipeOptions> = { blocking: true };

/** Any open fd that is read and written: a device, a terminal, a FIFO, an end of a pipe. */
export class Descriptor extends OwnedFd {
  private constructor(fd: OpenFd) {
    super(fd, 'Descriptor', 'the descriptor');
  }

  /**
   * Opens a file or device, close-on-exec: open(2).
   *
   * @param flags from `fs.constants`: `O_RDWR | O_NONBLOCK | O_NOCTTY` for a serial port. Default: `O_RDONLY`
   * @param mode permissions of a file that `O_CREAT` makes, before the umask. Default: 0o666
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOENT, EACCES, EBUSY, ENXIO ...
   */
  static open(path: PathInput, flags = 0, mode = 0o666): Descriptor {
    const bytes = toPathBytes(path, 'path');
    checkInteger(flags, 'flags', 0, MAX_INT32);
    checkInteger(mode, 'mode', 0, MAX_MODE);
    return new Descriptor(new OpenFd(openPath(bytes, flags, mode)));
  }

  /**
   * Wraps an fd that is open already. It keeps its blocking mode.
   *
   * @param fd from here on the new object's to close; `detach` gives it back
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EBADF
   */
  static fromFd(fd: number): Descriptor {
    checkInteger(fd, 'fd', 0, MAX_INT32);
    native.isNonBlocking(fd);
    return new Descriptor(new OpenFd(fd));
  }

  /** See {@link pipe}. */
  static pipe(options: PipeOptions = {}): [reader: Descriptor, writer: Descriptor] {
    checkOptions(options, 'options', PIPE_OPTIONS);
    const { blocking = false } = options;
    checkBoolean(blocking, 'options.blocking');
    const [reader, writer] = native.pipe(!blocking);
    return [new Descriptor(new OpenFd(reader)), new Descriptor(new OpenFd(writer))];
  }

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
   * @returns a buffer of its own, empty at end of file; `null` where it would block
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EIO (a terminal that hung up), EISDIR ...
   */
  read(maxBytes: number): Buffer | null {
    const fd = this.fd;
    checkInteger(maxBytes, 'maxBytes', 0, MAX_INT32);
    const buffer = receiveBuffer(maxBytes);
    const count = readBytes(fd, buffer, 0, maxBytes);
    return count === WOULD_BLOCK ? null : takeReceived(buffer, count);
  }

  /**
   * Reads into a buffer that exists: read(2).
   *
   * @param offset first byte to fill; default: 0
   * @param length how many bytes at most; default: the rest of the buffer
   * @returns how many bytes came, 0 at end of file; `null` where it would block
   * @throws as {@link read}
   */
  readInto(buffer: ArrayBufferView | ArrayBufferLike, offset = 0, length?: number): number | null {
    const fd = this.fd;
    const bytes = toWritableBytes(buffer);
    checkInteger(offset, 'offset', 0, bytes.byteLength);
    const count = readBytes(fd, bytes, offset, length ?? bytes.byteLength - offset);
    return count === WOULD_BLOCK ? null : count;
  }

  /**
   * Writes what the kernel takes now: write(2).
   *
   * @param bytes a string is written as UTF-8
   * @returns how many bytes it took, perhaps fewer than given; `null` where it would block
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE; EPIPE (nobody reads the pipe), ENOSPC, EIO ...
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
   * duplicates of it share, and belongs to the stream: destroying the stream closes it.
   *
   * An fd that was opened only to be read makes a stream that is only readable, and one opened only to be written one
   * that is only writable. On any other fd there is nothing to end but the whole: `end()` sends what was written and
   * goes on reading, and the end of the reading side ends the stream. The master of a pseudo-terminal ends when
   * nobody has the terminal open any more.
   *
   * @param options of `stream.Duplex`; `allowHalfOpen` is by default false
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
   */
  toDuplex(options: DuplexOptions = {}): Duplex {
    checkDuplexOptions(options);
    const access = this.fcntl(F_GETFL) & O_ACCMODE;
    this.setBlocking(false);
    const calls = byteCalls(this, access !== O_WRONLY, access !== O_RDONLY);
    return new ByteDuplex(new FdCarrier(calls), { allowHalfOpen: false, ...options });
  }

  /** Another fd for the same open file description: fcntl(2) with F_DUPFD_CLOEXEC. @throws ERR_CLOSED; EMFILE */
  dup(): Descriptor {
    return new Descriptor(new OpenFd(native.duplicate(this.fd)));
  }
}

/** What the stream of a descriptor calls. */
function byteCalls(descriptor: Descriptor, readable: boolean, writable: boolean): ByteCalls {
  return {
    readable,
    writable,
    get fd() {
      return descriptor.fd;
    },
    read: (maxBytes) => readOrEnd(descriptor, maxBytes),
    write: (bytes) => descriptor.write(bytes),
    end: () => undefined,
    close: () => descriptor.close(),
  };
}

/** The master of a pseudo-terminal whose other side nobody has open gives EIO behind the last byte: that is its end. */
function readOrEnd(descriptor: Descriptor, maxBytes: number): Buffer | null {
  try {
    return descriptor.read(maxBytes);
  } catch (error) {
    if (hasCode(error, 'EIO') && isMaster(descriptor)) return Buffer.alloc(0);
    throw error;
  }
}

function isMaster(descriptor: Descriptor): boolean {
  try {
    descriptor.ioctl(TIOCGPTN, new Int32Array(1));
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes a pipe, close-on-exec and, unless asked otherwise, non-blocking: pipe2(2).
 *
 * @returns the end to read from, and the end to write to
 * @throws ERR_INVALID_ARG_TYPE; EMFILE, ENFILE
 */
export function pipe(options?: PipeOptions): [reader: Descriptor, writer: Descriptor] {
  return Descriptor.pipe(options);
}

/**
 * Sets or clears O_NONBLOCK on any fd. The flag belongs to the open file description: whoever shares that, by dup(2) or
 * through fork(2), sees the change. Registering an fd never does this.
 *
 * @param nonBlocking whether calls give would-block in place of waiting. Default: true
 * @throws EBADF; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see fcntl(2), F_SETFL
 */
export function setNonBlocking(fd: FdLike, nonBlocking = true): void {
  const number = toFd(fd);
  checkBoolean(nonBlocking, 'nonBlocking');
  native.setNonBlocking(number, nonBlocking);
}
