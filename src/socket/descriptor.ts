/** Files, devices and pipes as raw fds: open(2), read(2), write(2), ioctl(2), pipe(2). */
import {
  checkBoolean,
  checkInteger,
  checkOptions,
  type FdLike,
  MAX_INT32,
  MAX_UINT32,
  type OptionNames,
  toBytes,
  toFd,
} from '../arguments.js';
import { WOULD_BLOCK } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { OpenFd } from '../readiness/open-fd.js';
import { openPath, readBytes, writeBytes } from './blocking-io.js';
import { OwnedFd } from './owned-fd.js';
import { type PathInput, toPathBytes } from './path.js';
import { receiveBuffer, takeReceived, toWritableBytes } from './receive-buffer.js';

const MAX_MODE = 0o7777;

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
   * Controls a device: ioctl(2). What a request means, and what it takes, is the driver's business; a struct that
   * holds pointers cannot be passed.
   *
   * @param request `TIOCGWINSZ`, `FIONREAD` ... or a driver's own number
   * @param argument the request's struct, which is changed in place, or a number of 32 bits, signed or not. Default: 0
   * @returns what the request returns, most often 0
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE; ERR_OUT_OF_RANGE if the struct is shorter than the request's number
   * says, or if the number is the address of memory of this process, which a request that takes an address would write
   * to; ENOTTY (not that kind of device), EINVAL, EFAULT ...
   */
  ioctl(request: number, argument: number | ArrayBufferView | ArrayBufferLike = 0): number {
    const fd = this.fd;
    checkInteger(request, 'request', 0, MAX_UINT32);
    return native.ioctl(fd, request, typeof argument === 'number' ? argument : toWritableBytes(argument));
  }

  /** Another fd for the same open file description: fcntl(2) with F_DUPFD_CLOEXEC. @throws ERR_CLOSED; EMFILE */
  dup(): Descriptor {
    return new Descriptor(new OpenFd(native.duplicate(this.fd)));
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
