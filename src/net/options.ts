/** The options that `listen()` and `connect()` share: their meaning, their defaults, and their check. */
import { AsyncResource } from 'node:async_hooks';
import {
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkOptions,
  checkString,
  MAX_INT32,
  type OptionNames,
} from '../arguments.js';
import { native } from '../binding/load.js';
import { invalidArgType, outOfRange, unsupportedTriggerError } from '../errors.js';
import type { BackendName } from '../multiplexer/backend.js';
import { MAX_SPIN_US } from '../multiplexer/create-backend.js';
import {
  type AddressInput,
  checkPort,
  isRawAddress,
  type UnixAbstractAddress,
  type UnixPathAddress,
} from '../socket/address.js';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOL_SOCKET,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
} from '../socket/constants.js';
import { type PathInput, textOrBytes, toPathBytes } from '../socket/path.js';
import type { SocketHandlers } from './connection.js';
import { CONNECTION_TRIGGERS, type ConnectionTrigger, hasTrigger } from './connection-trigger.js';
import { checkHandlers, toDriver, toQueueLimits } from './served-options.js';
import type { TurnDriver } from './turn-driver.js';

/** When and how often the kernel probes a silent TCP peer: tcp(7). */
export interface KeepAliveOptions {
  /**
   * Silence before the first probe (TCP_KEEPIDLE), in ms, rounded up to seconds, 1 to 32,767,000; by default the
   * system's, 2 hours.
   */
  readonly idleMs?: number | undefined;
  /** Between probes (TCP_KEEPINTVL), likewise; by default the system's, 75 s. */
  readonly intervalMs?: number | undefined;
  /** Unanswered probes until the connection is lost (TCP_KEEPCNT), 1 to 127; by default the system's, 9. */
  readonly probes?: number | undefined;
}

/** The options that hold for each connection. */
export interface ConnectionOptions<T> {
  /** The handlers of all these connections. They run in the async context of this call (`AsyncLocalStorage`). */
  readonly socket: SocketHandlers<T>;
  /**
   * The kernel interface; by default `'epoll'`. All that use one share a multiplexer, unless `multiplexer` is given.
   */
  readonly backend?: BackendName | undefined;
  /**
   * By default `'edge'` on a shared multiplexer of epoll, and `'level'` on a `multiplexer` of your own, since other
   * backends have no edges and it may be switched to one. Unix sockets are always `'level'`. Handlers see no
   * difference.
   */
  readonly trigger?: ConnectionTrigger | undefined;
  /** A multiplexer of your own, which you wait on, in whichever form. `backend` and `spinUs` are then its own. */
  readonly multiplexer?: TurnDriver | undefined;
  /**
   * How long a wait looks repeatedly before it blocks, in microseconds: 0 to 1,000, by default 0. It keeps a processor
   * core busy: see `spinUs` of a `Multiplexer`.
   */
  readonly spinUs?: number | undefined;
  /** `write` returns false once more than this many bytes are pending: 0 to 2^31-1, by default 65,536. */
  readonly highWaterMarkBytes?: number | undefined;
  /**
   * A connection with more pending bytes is destroyed with ERR_WRITE_QUEUE_FULL: 0 to 2^31-1, by default 16,777,216.
   * Only what the kernel has not taken counts.
   */
  readonly maxPendingBytes?: number | undefined;
  /**
   * A connection on which no byte moves for this long is destroyed with ERR_IDLE_TIMEOUT: 1 to 2^31-1 ms, and up to a
   * quarter later; by default never.
   */
  readonly idleTimeoutMs?: number | undefined;
  /** TCP_NODELAY: a turn's bytes leave at once. By default true; a turn's writes leave together anyway. */
  readonly noDelay?: boolean | undefined;
  /** SO_KEEPALIVE; by default false. */
  readonly keepAlive?: boolean | KeepAliveOptions | undefined;
}

/** The address to listen on or to connect to, before names are resolved. */
export type Endpoint =
  | { readonly kind: 'inet'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly address: UnixPathAddress | UnixAbstractAddress };

/** {@link ConnectionOptions} with nothing left open. */
export interface ConnectionSettings<T> {
  readonly socket: SocketHandlers<T>;
  /** The async context that the handlers run in: that of the call of `listen()` or `connect()`. */
  readonly context: AsyncResource;
  readonly backend: BackendName;
  readonly spinUs: number;
  readonly isEdge: boolean;
  readonly multiplexer: TurnDriver | undefined;
  readonly highWaterMarkBytes: number;
  readonly maxPendingBytes: number;
  readonly idleTimeoutMs: number | undefined;
  readonly noDelay: boolean;
  readonly keepAlive: boolean | KeepAliveOptions;
}

const HANDLERS: OptionNames<SocketHandlers<unknown>> = {
  open: true,
  data: true,
  drain: true,
  end: true,
  close: true,
  error: true,
};
const KEEP_ALIVE_OPTIONS: OptionNames<KeepAliveOptions> = { idleMs: true, intervalMs: true, probes: true };

export const CONNECTION_OPTIONS: OptionNames<ConnectionOptions<unknown>> = {
  socket: true,
  backend: true,
  trigger: true,
  multiplexer: true,
  spinUs: true,
  highWaterMarkBytes: true,
  maxPendingBytes: true,
  idleTimeoutMs: true,
  noDelay: true,
  keepAlive: true,
};

/**
 * @param known the options that the call has, these among them
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION, ERR_UNSUPPORTED_TRIGGER
 */
export function toConnectionSettings<T>(
  options: ConnectionOptions<T>,
  known: OptionNames<ConnectionOptions<unknown>>,
): ConnectionSettings<T> {
  checkOptions(options, 'options', known);
  const { socket, spinUs = 0, idleTimeoutMs, noDelay = true, keepAlive = false } = options;
  checkHandlers(socket, 'options.socket', HANDLERS);
  const { multiplexer, backend } = toDriver(options);
  const { trigger = defaultTrigger(multiplexer, backend) } = options;
  checkOneOf(trigger, 'options.trigger', CONNECTION_TRIGGERS);
  if (!hasTrigger(backend, trigger)) throw unsupportedTriggerError(trigger, backend);
  checkInteger(spinUs, 'options.spinUs', 0, MAX_SPIN_US);
  const limits = toQueueLimits(options);
  if (idleTimeoutMs !== undefined) checkInteger(idleTimeoutMs, 'options.idleTimeoutMs', 1, MAX_INT32);
  checkBoolean(noDelay, 'options.noDelay');
  checkKeepAlive(keepAlive);
  return {
    socket,
    context: new AsyncResource('FDMUX'),
    backend,
    spinUs,
    isEdge: trigger === 'edge',
    multiplexer,
    ...limits,
    idleTimeoutMs,
    noDelay,
    keepAlive,
  };
}

/** Edges cost the kernel a look less for each ready connection. */
function defaultTrigger(multiplexer: TurnDriver | undefined, backend: BackendName): ConnectionTrigger {
  const mayChange = multiplexer !== undefined;
  return !mayChange && hasTrigger(backend, 'edge') ? 'edge' : 'level';
}

function checkKeepAlive(keepAlive: unknown): void {
  if (typeof keepAlive === 'boolean') return;
  checkOptions(keepAlive, 'options.keepAlive', KEEP_ALIVE_OPTIONS);
  const { idleMs, intervalMs, probes }: { idleMs?: unknown; intervalMs?: unknown; probes?: unknown } = keepAlive;
  if (idleMs !== undefined) checkInteger(idleMs, 'options.keepAlive.idleMs', 1, 32_767_000);
  if (intervalMs !== undefined) checkInteger(intervalMs, 'options.keepAlive.intervalMs', 1, 32_767_000);
  if (probes !== undefined) checkInteger(probes, 'options.keepAlive.probes', 1, 127);
}

/**
 * Reads `host` and `port`, or `path`. A path that starts with a zero byte is an abstract name, as in Node.js.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export function toEndpoint(options: {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: PathInput | undefined;
}): Endpoint {
  const { host = '127.0.0.1', port, path } = options;
  if (path !== undefined) {
    const bytes = toPathBytes(path, 'options.path');
    if (port !== undefined) throw invalidArgType('options.path', 'left out if there is a port', path);
    const isAbstract = bytes[0] === 0;
    const name = textOrBytes(isAbstract ? bytes.subarray(1) : bytes);
    if (name.length === 0) throw outOfRange('options.path', 'a path or an abstract name', path);
    return { kind: 'unix', address: isAbstract ? { family: 'unix', abstract: name } : { family: 'unix', path: name } };
  }
  checkString(host, 'options.host');
  if (port === undefined) throw invalidArgType('options.port', 'a number if there is no path', port);
  checkPort(port, 'options.port');
  return { kind: 'inet', host, port };
}

/** The kernel's number of an address family. */
export function familyNumber(address: AddressInput): number {
  // Raw bytes begin with it, in this machine's order, which on all machines that fdmux is built for puts the low byte
  // first.
  if (isRawAddress(address)) return (address[0] ?? 0) | ((address[1] ?? 0) << 8);
  switch (address.family) {
    case 'inet':
      return AF_INET;
    case 'inet6':
      return AF_INET6;
    case 'unix':
      return AF_UNIX;
    case 'unknown':
      return address.familyNumber;
  }
}

export function isTcp(address: AddressInput): boolean {
  const family = familyNumber(address);
  return family === AF_INET || family === AF_INET6;
}

/** Sets the options of a TCP socket: tcp(7). Connections inherit them from the listening one. */
export function applyTcpOptions<T>(fd: number, settings: ConnectionSettings<T>): void {
  if (settings.noDelay) native.setSockOpt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (settings.keepAlive === false) return;
  native.setSockOpt(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (settings.keepAlive === true) return;
  const { idleMs, intervalMs, probes } = settings.keepAlive;
  if (idleMs !== undefined) native.setSockOpt(fd, IPPROTO_TCP, TCP_KEEPIDLE, Math.ceil(idleMs / 1000));
  if (intervalMs !== undefined) native.setSockOpt(fd, IPPROTO_TCP, TCP_KEEPINTVL, Math.ceil(intervalMs / 1000));
  if (probes !== undefined) native.setSockOpt(fd, IPPROTO_TCP, TCP_KEEPCNT, probes);
}
