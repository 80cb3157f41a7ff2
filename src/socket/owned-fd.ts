import { inspect, type InspectOptions } from 'node:util';
import { checkInteger, MAX_UINT32 } from '../arguments.js';
import { native } from '../binding/load.js';
import { closedError, invalidArgType } from '../errors.js';
import { summary } from '../inspect.js';
import { leaveMultiplexers } from '../multiplexer/open-multiplexers.js';
import { OpenFd } from '../readiness/open-fd.js';
import { linkPointers, type PointerOptions } from './pointers.js';
import { toWritableBytes } from './receive-buffer.js';

/** The functions that are called when an owner's fd is closed or given away. */
const closings = new WeakMap<OwnedFd, (() => void)[]>();

/**
 * Calls a function once an owner's fd is closed or given away: a stream that waits for an fd that is no longer watched
 * would wait for ever. It is no method, since users have no use for it.
 */
export function whenClosed(owner: OwnedFd, listener: () => void): void {
  const listeners = closings.get(owner);
  if (listeners === undefined) closings.set(owner, [listener]);
  else listeners.push(listener);
}

function reportClosed(owner: OwnedFd): void {
  const listeners = closings.get(owner);
  closings.delete(owner);
  for (const listener of listeners ?? []) listener();
}

/**
 * One fd and its owner, which closes it: the base of everything here that owns a descriptor.
 *
 * The fd is closed by {@link close} or at the end of a `using` block, never by garbage collection: its number may still
 * be in use in a multiplexer or in another library, and closing it at a random moment would close the file that reuses
 * it. When a worker ends, terminated or not, the fds that it opened and neither closed nor gave away are closed.
 */
export abstract class OwnedFd implements Disposable {
  /** -1 once closed or given away. */
  #fd: number;
  readonly #className: string;
  readonly #what: string;

  /**
   * @param className the name that util.inspect shows
   * @param what this object's name in the error of a later call: 'the socket'
   * @throws ERR_INVALID_ARG_TYPE for an fd that this package has not opened or checked
   */
  protected constructor(fd: OpenFd, className: string, what: string) {
    if (!(fd instanceof OpenFd)) throw invalidArgType('fd', 'adopted by fromFd', fd);
    this.#fd = fd.number;
    this.#className = className;
    this.#what = what;
  }

  /**
   * The file descriptor, to be registered anywhere. It stays this object's.
   *
   * @throws ERR_CLOSED
   */
  get fd(): number {
    if (this.#fd < 0) throw closedError(this.#what);
    return this.#fd;
  }

  /** Whether {@link close} or {@link detach} has been called. */
  get closed(): boolean {
    return this.#fd < 0;
  }

  /**
   * Leaves every multiplexer of this thread, then closes the fd: close(2). Idempotent; every other call afterwards
   * throws `ERR_CLOSED`.
   */
  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    leaveMultiplexers(fd);
    this.#fd = -1;
    native.close(fd);
    reportClosed(this);
  }

  /**
   * Gives the fd away, open: this object counts as closed, and the caller has to close the fd.
   *
   * @returns the fd
   * @throws ERR_CLOSED
   */
  detach(): number {
    const fd = this.fd;
    native.disownFd(fd);
    this.#fd = -1;
    reportClosed(this);
    return fd;
  }

  /**
   * Controls a device, a socket, or any other fd: ioctl(2). The driver decides the meaning and the argument of a
   * request.
   *
   * @param request `TIOCGWINSZ`, `FIONREAD` ... or a driver's own number
   * @param argument the request's struct, which is changed in place, or a number of 32 bits, signed or not. Default: 0
   * @param options pointers within the struct. Each buffer ends at memory that must not be touched, so a length in the
   *   struct that is too large gives EFAULT
   * @returns the result of the request, most often 0
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE; ERR_OUT_OF_RANGE if the struct is shorter than the request's number
   *   says, if it has no room for a pointer, or if the number is the address of memory of this process, which a request
   *   that takes an address would write to; ENOTTY (not that kind of device), EINVAL, EFAULT ...
   */
  ioctl(request: number, argument: number | ArrayBufferView | ArrayBufferLike = 0, options?: PointerOptions): number {
    const fd = this.fd;
    checkInteger(request, 'request', 0, MAX_UINT32);
    if (options !== undefined) {
      const { links, blocks } = linkPointers(argument, 'argument', options);
      return native.ioctlPointers(fd, request, links, blocks);
    }
    return native.ioctl(fd, request, typeof argument === 'number' ? argument : toWritableBytes(argument, 'argument'));
  }

  /**
   * Reads or changes a property of the open file: fcntl(2).
   *
   * @param command one that takes a number or nothing: `F_GETPIPE_SZ`, `F_SETPIPE_SZ`, `F_ADD_SEALS`, `F_GETFL` ...
   * @param argument Default: 0
   * @returns the result of the command
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE; ERR_OUT_OF_RANGE for any other command; EPERM, EBUSY, EINVAL ...
   */
  fcntl(command: number, argument = 0): number {
    return native.fcntl(this.fd, command, argument);
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The fields that util.inspect shows besides the class. */
  protected inspected(): Readonly<Record<string, unknown>> {
    return { fd: this.#fd, closed: this.closed };
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    return summary(this.#className, this.inspected(), depth, options);
  }
}
