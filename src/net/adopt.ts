/** Adoption of connections that were established elsewhere: their checks, and the start of serving them. */
import { checkBoolean, checkObject, checkOptions, type OptionNames, toFd } from '../arguments.js';
import { native } from '../binding/load.js';
import { invalidArgType, systemError } from '../errors.js';
import { isWatched } from '../multiplexer/open-multiplexers.js';
import { decodeAddress } from '../socket/address.js';
import { SO_ACCEPTCONN, SO_TYPE, SOCK_STREAM, SOL_SOCKET } from '../socket/constants.js';
import { Socket } from '../socket/socket.js';
import type { Connection } from './connection.js';
import { ConnectionGroup } from './connection-group.js';
import {
  applyTcpOptions,
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  type ConnectionSettings,
  isTcp,
  toConnectionSettings,
} from './options.js';
import { ServedConnection } from './served-connection.js';
import { leaseTurn } from './turn-lease.js';

/** The state of a connection with its former owner; a {@link ReleasedConnection} has all but the data. */
export interface AdoptedState<T> {
  /** The connection's `data`, which is there when `open` is called. */
  readonly data?: T;
  /**
   * The bytes that the former owner still had to send. They are copied, and precede everything that is written here.
   */
  readonly unsent?: Uint8Array | undefined;
  /** The bytes that the former owner received and did not handle. They are copied, and handed out before new ones. */
  readonly held?: Uint8Array | undefined;
  /** Whether our side was ended: it is shut down when `unsent` has left. By default false. */
  readonly ended?: boolean | undefined;
  /**
   * Whether the former owner has set the same `noDelay` and `keepAlive`: they stay with a socket, and are not set
   * again. By default false.
   */
  readonly configured?: boolean | undefined;
}

/** Options of {@link adopt}. */
export interface AdoptOptions<T> extends ConnectionOptions<T>, AdoptedState<T> {}

const STATE: OptionNames<AdoptedState<unknown>> = {
  data: true,
  unsent: true,
  held: true,
  ended: true,
  configured: true,
};
const OPTIONS: OptionNames<AdoptOptions<unknown>> = { ...CONNECTION_OPTIONS, ...STATE };
const NOTHING = new Uint8Array(0);

/**
 * Serves a connection that was established elsewhere: released by another process and sent here (SCM_RIGHTS), or
 * inherited. The fd becomes non-blocking and belongs to the connection, which closes it at its end.
 *
 * @param fd a connected stream socket (TCP, unix): a number, or a `Socket`, which counts as closed then
 * @returns the connection, after its open handler was called. {@link Listener.adopt} serves it as one of a listener's
 * @throws EBADF, ENOTSOCK; EPROTOTYPE (no stream), EINVAL (listens), ENOTCONN (not connected, or not any more), EEXIST
 *   (served or registered here already); ERR_CLOSED, ERR_UNSUPPORTED_TRIGGER, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE,
 *   ERR_UNKNOWN_OPTION. The fd then stays yours
 * @see unix(7), getpeername(2)
 */
export function adopt<T = unknown>(fd: number | Socket, options: AdoptOptions<T>): Connection<T> {
  const settings = toConnectionSettings(options, OPTIONS);
  const state = toAdoptedState(options);
  const { number, remote } = checkConnected(fd);
  const lease = leaseTurn(settings.multiplexer, settings.backend, settings.spinUs);
  try {
    const local = decodeAddress(native.getSockName(number));
    const group = new ConnectionGroup(lease.turn, settings, local, () => lease.release());
    return take(fd, new ServedConnection(group, number, remote), { group, settings, state });
  } catch (error) {
    lease.release();
    throw error;
  }
}

/**
 * Makes a connection one of a listener's.
 *
 * @throws as {@link adopt}
 */
export function adoptInto<T>(
  group: ConnectionGroup<T>,
  settings: ConnectionSettings<T>,
  fd: number | Socket,
  options: AdoptedState<T>,
): Connection<T> {
  checkOptions(options, 'options', STATE);
  const state = toAdoptedState(options);
  const { number, remote } = checkConnected(fd);
  return take(fd, new ServedConnection(group, number, remote), { group, settings, state });
}

interface Adoption<T> {
  readonly group: ConnectionGroup<T>;
  readonly settings: ConnectionSettings<T>;
  readonly state: AdoptedState<T>;
}

function take<T>(
  owner: number | Socket,
  connection: ServedConnection<T>,
  { group, settings, state }: Adoption<T>,
): Connection<T> {
  const { data, unsent = NOTHING, held = NOTHING, ended = false, configured = false } = state;
  native.setNonBlocking(connection.fd, true);
  if (!configured && isTcp(group.boundAddress)) applyTcpOptions(connection.fd, settings);
  group.add(connection);
  if (typeof owner === 'object') owner.detach();
  if (data !== undefined) connection.data = data;
  connection.takeOver(unsent, held, ended);
  return connection;
}

function toAdoptedState<T>(options: AdoptedState<T>): AdoptedState<T> {
  const { data, unsent = NOTHING, held = NOTHING, ended = false, configured = false } = options;
  checkBytes(unsent, 'options.unsent');
  checkBytes(held, 'options.held');
  checkBoolean(ended, 'options.ended');
  checkBoolean(configured, 'options.configured');
  return { ...(data === undefined ? {} : { data }), unsent, held, ended, configured };
}

function checkBytes(bytes: unknown, name: string): void {
  if (!(bytes instanceof Uint8Array)) throw invalidArgType(name, 'a Uint8Array', bytes);
}

/** @returns the number of the fd, and the peer's sockaddr as latin1 */
function checkConnected(fd: number | Socket): { readonly number: number; readonly remote: string } {
  if (typeof fd !== 'number') {
    checkObject(fd, 'fd');
    // Another owner of an fd would close it one day.
    if (!(fd instanceof Socket)) throw invalidArgType('fd', 'a number or a Socket', fd);
  }
  const number = toFd(fd, 'fd');
  const type = native.getSockOpt(number, SOL_SOCKET, SO_TYPE);
  if (type !== SOCK_STREAM) throw systemError('EPROTOTYPE', 'adopt', 'the socket is no stream socket', number);
  const listens = native.getSockOpt(number, SOL_SOCKET, SO_ACCEPTCONN) !== 0;
  if (listens) throw systemError('EINVAL', 'adopt', 'the socket listens', number);
  const remote = Buffer.from(native.getPeerName(number)).toString('latin1');
  if (isWatched(number)) throw systemError('EEXIST', 'adopt', 'this fd is served or registered already', number);
  return { number, remote };
}
