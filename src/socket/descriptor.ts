/** Files, devices and pipes as raw fds: open(2), pipe(2), memfd_create(2). */
import {
  checkBoolean,
  checkInteger,
  checkOptions,
  checkString,
  type FdLike,
  MAX_INT32,
  type OptionNames,
  toFd,
} from '../arguments.js';
import { native } from '../binding/load.js';
import { OpenFd } from '../readiness/open-fd.js';
import { openPath } from './blocking-io.js';
import { ByteFd } from './byte-fd.js';
import { type PathInput, toPathBytes } from './path.js';

const MAX_MODE = 0o7777;
/** Options of {@link pipe}. */
export interface PipeOptions {
  /** Whether reads and writes wait. Default: false. */
  readonly blocking?: boolean | undefined;
}

/** Options of {@link Descriptor.memfd}. */
export interface MemfdOptions {
  readonly sealable?: boolean | undefined;
}

const MEMFD_OPTIONS: OptionNames<MemfdOptions> = { sealable: true };
const MFD_ALLOW_SEALING = 2;
const PIPE_OPTIONS: OptionNames<PipeOptions> = { blocking: true };

/** Any open fd that is read and written: a device, a terminal, a FIFO, an end of a pipe. */
export class Descriptor extends ByteFd {
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
   * @param fd belongs to the new object, which closes it; `detach` gives it back
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EBADF
   */
  static fromFd(fd: number): Descriptor {
    checkInteger(fd, 'fd', 0, MAX_INT32);
    native.isNonBlocking(fd);
    return new Descriptor(new OpenFd(fd));
  }

  /**
   * Makes a file in memory, close-on-exec, which lives as long as an fd of it: memfd_create(2).
   *
   * @param name shown only in `/proc/self/fd`, at most 249 bytes. Default: 'fdmux'
   * @param options whether it may be sealed, with `fcntl(F_ADD_SEALS, F_SEAL_SHRINK)`. Default: true
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION; EMFILE, ENOMEM
   */
  static memfd(name = 'fdmux', options: MemfdOptions = {}): Descriptor {
    checkString(name, 'name');
    checkOptions(options, 'options', MEMFD_OPTIONS);
    const { sealable = true } = options;
    checkBoolean(sealable, 'options.sealable');
    return new Descriptor(new OpenFd(native.memfd(name, sealable ? MFD_ALLOW_SEALING : 0)));
  }

  /** See {@link pipe}. */
  static pipe(options: PipeOptions = {}): [reader: Descriptor, writer: Descriptor] {
    checkOptions(options, 'options', PIPE_OPTIONS);
    const { blocking = false } = options;
    checkBoolean(blocking, 'options.blocking');
    const [reader, writer] = native.pipe(!blocking);
    return [new Descriptor(new OpenFd(reader)), new Descriptor(new OpenFd(writer))];
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
 * Sets or clears O_NONBLOCK on any fd. The flag belongs to the open file description: everything that shares it, by
 * dup(2) or fork(2), sees the change. Registering an fd never does this.
 *
 * @param nonBlocking whether calls give would-block instead of waiting. Default: true
 * @throws EBADF; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see fcntl(2), F_SETFL
 */
export function setNonBlocking(fd: FdLike, nonBlocking = true): void {
  const number = toFd(fd);
  checkBoolean(nonBlocking, 'nonBlocking');
  native.setNonBlocking(number, nonBlocking);
}
