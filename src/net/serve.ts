/** Serving an fd that is no connection: the options and their meaning, and the start. */
import { AsyncResource } from 'node:async_hooks';
import { checkBoolean, checkInteger, checkOptions, type OptionNames } from '../arguments.js';
import type { BackendName } from '../multiplexer/backend.js';
import { ByteFd } from '../socket/byte-fd.js';
import { Descriptor } from '../socket/descriptor.js';
import type { FdHandlers, FdStream } from './fd-stream.js';
import { ServedFd } from './served-fd.js';
import { checkHandlers, toDriver, toQueueLimits } from './served-options.js';
import type { TurnDriver } from './turn-driver.js';

/** Options of {@link serve}. */
export interface ServeOptions<T> {
  /** The stream's `data`. */
  readonly data?: T;
  /**
   * Whether each write is a message of its own, as for a TUN device: writes of one turn are then not joined. Each read
   * returns what the device gives at once, in any case. By default false.
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
  checkHandlers(handlers, 'handlers', HANDLERS);
  checkOptions(options, 'options', OPTIONS);
  const { data, preservesMessages = false, maxReadBytes = DEFAULT_READ_BYTES } = options;
  checkBoolean(preservesMessages, 'options.preservesMessages');
  checkInteger(maxReadBytes, 'options.maxReadBytes', 1, MAX_READ_BYTES);
  return {
    handlers,
    data,
    preservesMessages,
    maxReadBytes,
    ...toQueueLimits(options),
    ...toDriver(options),
    context: new AsyncResource('FDMUX'),
  };
}
