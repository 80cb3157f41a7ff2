/** Serving an fd that is no connection: what the options mean, and the start. */
import { AsyncResource } from 'node:async_hooks';
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkObject,
  checkOneOf,
  checkOptions,
  MAX_INT32,
  type OptionNames,
} from '../arguments.js';
import { BACKEND_NAMES, type BackendName, defaultBackend } from '../multiplexer/backend.js';
import { ByteFd } from '../socket/byte-fd.js';
import { Descriptor } from '../socket/descriptor.js';
import type { FdHandlers, FdStream } from './fd-stream.js';
import { ServedFd } from './served-fd.js';
import type { TurnDriver } from './turn-driver.js';

/** Options of {@link serve}. */
export interface ServeOptions<T> {
  /** The stream's `data`. */
  readonly data?: T;
  /**
   * Whether each write is a message of its own, as for a TUN device: writes of one turn are then not joined. Each read
   * is what the device gives at once, in any case. By default false.
   */
  readonly preservesMessages?: boolean | undefined;
  /** How many bytes one read takes at most: 1 to 2^30, by default 65,536. A longer message of a device is cut. */
  readonly maxReadBytes?: number | undefined;
  /** Above so many pending bytes `write` returns false: 0 to 2^31-1, by default 65,536. */
  readonly highWaterMarkBytes?: number | undefined;
  /** With more pending bytes the stream is destroyed with ERR_WRITE_QUEUE_FULL: 0 to 2^31-1, by default 16,777,216. */
  readonly maxPendingBytes?: number | undefined;
  /** The kernel interface; by default `'epoll'`. */
  readonly backend?: BackendName | undefined;
  /** A multiplexer of your own, which you wait on, in whichever form. `backend` is then its own. */
  readonly multiplexer?: TurnDriver | undefined;
}

/** {@link ServeOptions} with nothing left open. */
export interface ServeSettings<T> {
  readonly handlers: FdHandlers<T>;
  readonly context: AsyncResource;
  readonly data: T | undefined;
  readonly preservesMessages: boolean;
  readonly maxReadBytes: number;
  readonly highWaterMarkBytes: number;
  readonly maxPendingBytes: number;
  readonly backend: BackendName;
  readonly multiplexer: TurnDriver | undefined;
}

const OPTIONS: OptionNames<ServeOptions<unknown>> = {
  data: true,
  preservesMessages: true,
  maxReadBytes: true,
  highWaterMarkBytes: true,
  maxPendingBytes: true,
  backend: true,
  multiplexer: true,
};
const HANDLERS: OptionNames<FdHandlers<unknown>> = { data: true, drain: true, end: true, close: true, error: true };

/** read(2) takes less than 2^31 at once. */
const MAX_READ_BYTES = 2 ** 30;
const DEFAULT_READ_BYTES = 65_536;
const DEFAULT_HIGH_WATER_MARK_BYTES = 65_536;
const DEFAULT_MAX_PENDING_BYTES = 16_777_216;

/**
 * Serves any fd that can be waited for, with handlers: a terminal, a FIFO, a serial line, a TUN or input device. The fd
 * becomes non-blocking, which duplicates of it share, and belongs to the stream, which closes it at its end.
 *
 * @param fd a `Descriptor`, a `SerialPort`, the `master` of a `Pty`, or a number
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION, ERR_CLOSED; EBADF; EPERM (a file on a disk,
 *   which is always ready: `toDuplex` reads it). The fd then stays yours
 */
export function serve<T = unknown>(
  fd: ByteFd | number,
  handlers: FdHandlers<T>,
  options: ServeOptions<T> = {},
): FdStream<T> {
  const settings = toServeSettings(handlers, options);
  if (fd instanceof ByteFd) return new ServedFd(fd, settings);
  const owner = Descriptor.fromFd(fd);
  try {
    return new ServedFd(owner, settings);
  } catch (error) {
    owner.detach();
    throw error;
  }
}

function toServeSettings<T>(handlers: FdHandlers<T>, options: ServeOptions<T>): ServeSettings<T> {
  checkHandlers(handlers);
  checkOptions(options, 'options', OPTIONS);
  const {
    data,
    preservesMessages = false,
    maxReadBytes = DEFAULT_READ_BYTES,
    highWaterMarkBytes = DEFAULT_HIGH_WATER_MARK_BYTES,
    maxPendingBytes = DEFAULT_MAX_PENDING_BYTES,
    multiplexer,
  } = options;
  checkBoolean(preservesMessages, 'options.preservesMessages');
  checkInteger(maxReadBytes, 'options.maxReadBytes', 1, MAX_READ_BYTES);
  checkInteger(highWaterMarkBytes, 'options.highWaterMarkBytes', 0, MAX_INT32);
  checkInteger(maxPendingBytes, 'options.maxPendingBytes', 0, MAX_INT32);
  const backend = multiplexer?.backend ?? options.backend ?? defaultBackend();
  if (multiplexer !== undefined) {
    checkObject(multiplexer, 'options.multiplexer');
    checkFunction(Reflect.get(multiplexer, 'onTurnEnd'), 'options.multiplexer.onTurnEnd');
  }
  checkOneOf(backend, 'options.backend', BACKEND_NAMES);
  const context = new AsyncResource('FDMUX');
  return {
    handlers,
    context,
    data,
    preservesMessages,
    maxReadBytes,
    highWaterMarkBytes,
    maxPendingBytes,
    backend,
    multiplexer,
  };
}

function checkHandlers(handlers: unknown): void {
  checkObject(handlers, 'handlers');
  // An object of a class of the user's own has fields of its own.
  const prototype: unknown = Object.getPrototypeOf(handlers);
  if (prototype === Object.prototype || prototype === null) checkOptions(handlers, 'handlers', HANDLERS);
  for (const name of Object.keys(HANDLERS)) {
    const handler: unknown = Reflect.get(handlers, name);
    if (handler !== undefined) checkFunction(handler, `handlers.${name}`);
  }
}
