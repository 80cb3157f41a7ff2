/** The options of `bindDatagram()`: their meaning, their defaults, and their check. */
import { AsyncResource } from 'node:async_hooks';
import { checkArray, checkBoolean, checkInteger, checkOptions, type OptionNames, toFd } from '../arguments.js';
import { invalidArgType } from '../errors.js';
import type { BackendName } from '../multiplexer/backend.js';
import type { MulticastGroup } from '../socket/multicast.js';
import type { PathInput } from '../socket/path.js';
import type { DatagramHandlers } from './datagram.js';
import { type Endpoint, toEndpoint } from './options.js';
import { checkHandlers, toDriver, toQueueLimits } from './served-options.js';
import type { TurnDriver } from './turn-driver.js';

/** Where a datagram socket sends to: `host` and `port`, or `path`. */
export interface DatagramPeer {
  /** A name or an address; by default '127.0.0.1'. */
  readonly host?: string | undefined;
  /** 0 to 65535. */
  readonly port?: number | undefined;
  /** A unix socket's path, at most 107 bytes; with a zero byte in front, an abstract name. */
  readonly path?: PathInput | undefined;
}

/** Options of {@link bindDatagram}. */
export interface DatagramOptions<T> {
  /** The handlers. They run in the async context of this call (`AsyncLocalStorage`). */
  readonly socket: DatagramHandlers<T>;
  /** The socket's `data`. */
  readonly data?: T;
  /**
   * A name or an address of this machine; by default '127.0.0.1', which only this machine reaches. '0.0.0.0' and '::'
   * stand for all addresses.
   */
  readonly host?: string | undefined;
  /** 0 to 65535; 0, the default, is any free one. */
  readonly port?: number | undefined;
  /**
   * A unix socket's path, at most 107 bytes. The file of a server that has crashed is replaced, and the file is removed
   * when the socket closes. With a zero byte in front, an abstract name.
   */
  readonly path?: PathInput | undefined;
  /** A datagram socket that exists, inherited for instance. It stays yours: it is not closed. */
  readonly fd?: number | undefined;
  /**
   * Connects the socket: it sends only to this peer and receives only from it. Without `host`, `port` and `path` the
   * kernel chooses the local address.
   */
  readonly remote?: DatagramPeer | undefined;
  /** SO_REUSEADDR: several sockets share a port, as multicast listeners do. By default false. */
  readonly reuseAddress?: boolean | undefined;
  /** SO_REUSEPORT: the kernel spreads the senders over several sockets. By default false. */
  readonly reusePort?: boolean | undefined;
  /** SO_BROADCAST: allows sending to broadcast addresses. By default false. */
  readonly broadcast?: boolean | undefined;
  /** Multicast groups to join. By default none. */
  readonly groups?: readonly MulticastGroup[] | undefined;
  /**
   * Reports every ICMP error of an inet socket to the error handler, with the address that the datagram was for
   * (IP_RECVERR). By default false: a connected socket reports them without an address, any other one reports none.
   */
  readonly icmpErrors?: boolean | undefined;
  /** SO_RCVBUF, which the kernel doubles: 1 to 2^30-1; by default the system's. */
  readonly receiveBufferBytes?: number | undefined;
  /** SO_SNDBUF, likewise. */
  readonly sendBufferBytes?: number | undefined;
  /** A longer message is cut, which `truncatedBytes` reports: 1 to 65,536, by default 65,536. */
  readonly maxMessageBytes?: number | undefined;
  /** Room for the control messages of one message: 0 to 65,536, by default 256. 0 drops them. */
  readonly maxControlBytes?: number | undefined;
  /** The kernel interface; by default `'epoll'`. */
  readonly backend?: BackendName | undefined;
  /** A multiplexer of your own, which you wait on, in whichever form. `backend` is then its own. */
  readonly multiplexer?: TurnDriver | undefined;
  /** Above so many pending bytes `send` returns false: 0 to 2^31-1, by default 65,536. */
  readonly highWaterMarkBytes?: number | undefined;
  /** With so many pending bytes messages are dropped: 0 to 2^31-1, by default 16,777,216. */
  readonly maxPendingBytes?: number | undefined;
}

/** {@link DatagramOptions} with nothing left open. */
export interface DatagramSettings<T> {
  readonly handlers: DatagramHandlers<T>;
  readonly context: AsyncResource;
  readonly data: T | undefined;
  /** Null if the kernel chooses. */
  readonly local: Endpoint | null;
  readonly fd: number | undefined;
  readonly remote: Endpoint | null;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  readonly broadcast: boolean;
  readonly groups: readonly MulticastGroup[];
  readonly icmpErrors: boolean;
  readonly receiveBufferBytes: number | undefined;
  readonly sendBufferBytes: number | undefined;
  readonly maxMessageBytes: number;
  readonly maxControlBytes: number;
  readonly backend: BackendName;
  readonly multiplexer: TurnDriver | undefined;
  readonly highWaterMarkBytes: number;
  readonly maxPendingBytes: number;
}

const OPTIONS: OptionNames<DatagramOptions<unknown>> = {
  socket: true,
  data: true,
  host: true,
  port: true,
  path: true,
  fd: true,
  remote: true,
  reuseAddress: true,
  reusePort: true,
  broadcast: true,
  groups: true,
  icmpErrors: true,
  receiveBufferBytes: true,
  sendBufferBytes: true,
  maxMessageBytes: true,
  maxControlBytes: true,
  backend: true,
  multiplexer: true,
  highWaterMarkBytes: true,
  maxPendingBytes: true,
};
const PEER: OptionNames<DatagramPeer> = { host: true, port: true, path: true };
const HANDLERS: OptionNames<DatagramHandlers<unknown>> = { message: true, drain: true, close: true, error: true };

const MAX_BUFFER_BYTES = 2 ** 30 - 1;
const MAX_MESSAGE_BYTES = 65_536;
const MAX_CONTROL_BYTES = 65_536;
const DEFAULT_CONTROL_BYTES = 256;

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION */
export function toDatagramSettings<T>(options: DatagramOptions<T>): DatagramSettings<T> {
  checkOptions(options, 'options', OPTIONS);
  const { socket, data, fd, groups = [] } = options;
  checkHandlers(socket, 'options.socket', HANDLERS, 'message');
  checkArray(groups, 'options.groups');
  return {
    handlers: socket,
    context: new AsyncResource('FDMUX'),
    data,
    fd: fd === undefined ? undefined : toFd(fd, 'options.fd'),
    ...toEndpoints(options),
    ...toFlags(options),
    ...toLimits(options),
    groups: [...groups],
    ...toDriver(options),
  };
}

function toEndpoints<T>(options: DatagramOptions<T>): Pick<DatagramSettings<T>, 'local' | 'remote'> {
  const { host, port, path, fd, remote } = options;
  const hasLocal = host !== undefined || port !== undefined || path !== undefined;
  if (fd !== undefined && (hasLocal || remote !== undefined)) {
    throw invalidArgType('options.fd', 'left out if there is an address', fd);
  }
  if (remote !== undefined) checkOptions(remote, 'options.remote', PEER);
  return {
    local:
      fd !== undefined || (!hasLocal && remote !== undefined) ? null : toEndpoint({ ...options, port: boundPort() }),
    remote: remote === undefined ? null : toEndpoint(remote),
  };

  /** A path has none. */
  function boundPort(): number | undefined {
    return port ?? (path === undefined ? 0 : undefined);
  }
}

function toFlags<T>(
  options: DatagramOptions<T>,
): Pick<DatagramSettings<T>, 'reuseAddress' | 'reusePort' | 'broadcast' | 'icmpErrors'> {
  const { reuseAddress = false, reusePort = false, broadcast = false, icmpErrors = false } = options;
  const flags = { reuseAddress, reusePort, broadcast, icmpErrors };
  for (const [name, flag] of Object.entries(flags)) checkBoolean(flag, `options.${name}`);
  return flags;
}

function toLimits<T>(options: DatagramOptions<T>) {
  const {
    receiveBufferBytes,
    sendBufferBytes,
    maxMessageBytes = MAX_MESSAGE_BYTES,
    maxControlBytes = DEFAULT_CONTROL_BYTES,
  } = options;
  if (receiveBufferBytes !== undefined) {
    checkInteger(receiveBufferBytes, 'options.receiveBufferBytes', 1, MAX_BUFFER_BYTES);
  }
  if (sendBufferBytes !== undefined) checkInteger(sendBufferBytes, 'options.sendBufferBytes', 1, MAX_BUFFER_BYTES);
  checkInteger(maxMessageBytes, 'options.maxMessageBytes', 1, MAX_MESSAGE_BYTES);
  checkInteger(maxControlBytes, 'options.maxControlBytes', 0, MAX_CONTROL_BYTES);
  return {
    receiveBufferBytes,
    sendBufferBytes,
    maxMessageBytes,
    maxControlBytes,
    ...toQueueLimits(options),
  };
}
