/** Connects without blocking: tries one address after the other until one answers. */
import { constants } from 'node:os';
import { checkAbortSignal, checkInteger, MAX_INT32, type OptionNames } from '../arguments.js';
import { native } from '../binding/load.js';
import { AbortError, toError } from '../errors.js';
import type { Registration } from '../multiplexer/registration.js';
import { type Address, type AddressInput, decodeAddress, encodeAddress } from '../socket/address.js';
import { SO_ERROR, SOCK_STREAM, SOL_SOCKET } from '../socket/constants.js';
import { errnoError } from '../socket/errno-error.js';
import { namingAddress } from '../socket/named-error.js';
import type { PathInput } from '../socket/path.js';
import type { Connection } from './connection.js';
import { ConnectionGroup } from './connection-group.js';
import {
  applyTcpOptions,
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  type ConnectionSettings,
  familyNumber,
  isTcp,
  toConnectionSettings,
  toEndpoint,
} from './options.js';
import { resolveHost } from './resolve.js';
import { ServedConnection } from './served-connection.js';
import type { Timer } from './timers.js';
import { secureClient, type TlsConnectSettings, toTlsConnectSettings } from './tls-client.js';
import type { TlsConnection } from './tls-connection.js';
import { loadTls } from './tls-contexts.js';
import { checkTlsConnectOptions, type TlsConnectOptions } from './tls-options.js';
import { type Lease, leaseTurn } from './turn-lease.js';
import type { FdOwner } from './turn-member.js';

/** Options of {@link connect}. `host` and `port`, or `path`, name the address. */
export interface ConnectOptions<T> extends ConnectionOptions<T> {
  /** A name or an address; by default '127.0.0.1'. All addresses of a name are tried, in the resolver's order. */
  readonly host?: string | undefined;
  /** 0 to 65535. */
  readonly port?: number | undefined;
  /** A unix socket's path, at most 107 bytes; with a zero byte in front, an abstract name. */
  readonly path?: PathInput | undefined;
  /** The connection's `data`. */
  readonly data?: T;
  /** How long to wait for each address: 1 to 2^31-1 ms, by default until the kernel gives up (about two minutes). */
  readonly connectTimeoutMs?: number | undefined;
  /** Speaks TLS; `true` for all defaults. It needs Node's event loop, as with `listen()`. @defaultValue no TLS */
  readonly tls?: TlsConnectOptions | true | undefined;
  /** Gives up connecting. It has no effect on an established connection. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: OptionNames<ConnectOptions<unknown>> = {
  ...CONNECTION_OPTIONS,
  host: true,
  port: true,
  path: true,
  data: true,
  connectTimeoutMs: true,
  signal: true,
  tls: true,
};

const { EINPROGRESS, EINTR } = constants.errno;
/** How an attempt is registered. */
const UNTIL_CONNECTED = { interest: 'write' } as const;

/**
 * Connects, and calls the handlers for the connection.
 *
 * If you pass your own multiplexer, wait on it: otherwise the attempt never ends.
 *
 * @returns the connection, after its open handler was called
 * @throws ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENOENT and the other errors of socket(2) and connect(2), for the
 *   address that was tried last; ENOTFOUND and the like from the resolver; an AbortError; ERR_TLS_HANDSHAKE,
 *   ERR_TLS_HANDSHAKE_TIMEOUT, ERR_TLS_UNAUTHORIZED, ERR_TLS_CONTEXT; ERR_UNSUPPORTED_TRIGGER, ERR_INVALID_ARG_TYPE,
 *   ERR_OUT_OF_RANGE
 * @see connect(2)
 */
export async function connect<T = unknown>(options: ConnectOptions<T>): Promise<Connection<T>> {
  const settings = toConnectionSettings(options, OPTIONS);
  const endpoint = toEndpoint(options);
  const { connectTimeoutMs, data, signal } = options;
  const tls = options.tls === true ? {} : options.tls;
  if (tls !== undefined) checkTlsConnectOptions(tls);
  if (connectTimeoutMs !== undefined) checkInteger(connectTimeoutMs, 'options.connectTimeoutMs', 1, MAX_INT32);
  if (signal !== undefined) checkAbortSignal(signal);
  const host = endpoint.kind === 'unix' ? '' : endpoint.host;
  const security = tls === undefined ? undefined : toTlsConnectSettings(await loadTls(), tls, host);
  const addresses =
    endpoint.kind === 'unix'
      ? [endpoint.address]
      : await unlessAborted(resolveHost(endpoint.host, endpoint.port), signal);
  if (signal?.aborted === true) throw new AbortError(signal);
  return new Promise((resolve, reject) => {
    new Connecting(settings, { connectTimeoutMs, data, signal, security }, addresses, resolve, reject).tryNext();
  });
}

/** Settles as `promise` does, unless the signal aborts first: the resolver itself cannot be stopped. */
async function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new AbortError(signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** The options of one attempt, read once: the user may change the object meanwhile, for the next connection. */
interface ConnectingOptions<T> {
  readonly connectTimeoutMs: number | undefined;
  readonly data: T | undefined;
  readonly signal: AbortSignal | undefined;
  readonly security: TlsConnectSettings | undefined;
}

/** One call of {@link connect}, until there is a connection or no address is left. */
class Connecting<T> implements FdOwner {
  readonly #settings: ConnectionSettings<T>;
  readonly #options: ConnectingOptions<T>;
  readonly #addresses: AddressInput[];
  readonly #lease: Lease;
  readonly #resolve: (connection: Connection<T>) => void;
  readonly #reject: (error: Error) => void;
  #fd = -1;
  /** The one that is being tried. */
  #address: AddressInput | undefined;
  #registration: Registration | undefined;
  #timer: Timer | undefined;
  /** The connection whose handshake is under way. */
  #securing: TlsConnection<T> | undefined;

  constructor(
    settings: ConnectionSettings<T>,
    options: ConnectingOptions<T>,
    addresses: readonly AddressInput[],
    resolve: (connection: Connection<T>) => void,
    reject: (error: Error) => void,
  ) {
    this.#settings = settings;
    this.#options = options;
    this.#addresses = [...addresses];
    this.#resolve = resolve;
    this.#reject = reject;
    this.#lease = leaseTurn(settings.multiplexer, settings.backend, settings.spinUs);
    options.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  /** Tries the next address. If none is left, it rejects with `failure`, the error of the last attempt. */
  tryNext(failure: Error = new Error('no address')): void {
    const address = this.#addresses.shift();
    this.#address = address;
    if (address === undefined) {
      this.#finish();
      this.#lease.release();
      this.#reject(failure);
      return;
    }
    try {
      this.#attempt(address);
    } catch (error) {
      this.#fail(toError(error));
    }
  }

  #attempt(address: AddressInput): void {
    this.#fd = native.socket(familyNumber(address), SOCK_STREAM, 0, true);
    if (isTcp(address)) applyTcpOptions(this.#fd, this.#settings);
    const errno = native.connect(this.#fd, encodeAddress(address));
    if (errno === 0) {
      this.#connected();
      return;
    }
    // After a signal, connect(2) goes on by itself.
    if (errno !== EINPROGRESS && errno !== EINTR) throw this.#errorOf(errno);
    const { turn } = this.#lease;
    this.#registration = turn.watch(this, this.#fd, UNTIL_CONNECTED);
    const { connectTimeoutMs } = this.#options;
    if (connectTimeoutMs !== undefined) this.#timer = turn.after(connectTimeoutMs, this.#timeOut);
  }

  /** The multiplexer reports that the attempt has succeeded or failed. */
  ready(): void {
    const errno = native.getSockOpt(this.#fd, SOL_SOCKET, SO_ERROR);
    if (errno === 0) this.#connected();
    else this.#fail(this.#errorOf(errno));
  }

  waitFailed(): void {
    // The attempt goes on: the next wait on the multiplexer may succeed.
  }

  abandoned(error: Error): void {
    this.#addresses.length = 0;
    this.#fail(error);
  }

  #errorOf(errno: number): Error {
    const error = errnoError(errno, 'connect', this.#fd);
    return this.#address === undefined ? error : namingAddress(error, this.#address);
  }

  readonly #timeOut = (): void => {
    this.#timer = undefined;
    this.#fail(this.#errorOf(constants.errno.ETIMEDOUT));
  };

  readonly #abort = (): void => {
    const { signal } = this.#options;
    if (signal === undefined) return;
    this.#addresses.length = 0;
    if (this.#securing === undefined) this.#fail(new AbortError(signal));
    else this.#securing.destroy(new AbortError(signal));
  };

  #fail(error: Error): void {
    this.#leaveAttempt();
    if (this.#fd >= 0) native.close(this.#fd);
    this.#fd = -1;
    this.tryNext(error);
  }

  #connected(): void {
    this.#leaveAttempt();
    const { security } = this.#options;
    let connection: ServedConnection<T>;
    let group: ConnectionGroup<T>;
    try {
      ({ connection, group } = this.#toConnection());
    } catch (error) {
      this.#fail(toError(error));
      return;
    }
    if (security !== undefined) {
      this.#secure(security, group, connection);
      return;
    }
    this.#finish();
    connection.open();
    this.#resolve(connection);
  }

  /** Another address would not answer better: what fails here is the same server's TLS. */
  #secure(security: TlsConnectSettings, group: ConnectionGroup<T>, below: ServedConnection<T>): void {
    const { data } = this.#options;
    try {
      this.#securing = secureClient(security, group, below, {
        opened: (connection) => {
          this.#finish();
          this.#resolve(connection);
        },
        failed: (error) => {
          this.#finish();
          this.#reject(error);
        },
      });
      if (data !== undefined) this.#securing.data = data;
    } catch (error) {
      below.destroy();
      this.#finish();
      this.#reject(toError(error));
    }
  }

  #toConnection(): { connection: ServedConnection<T>; group: ConnectionGroup<T> } {
    const local: Address = decodeAddress(native.getSockName(this.#fd));
    const remote = Buffer.from(native.getPeerName(this.#fd)).toString('latin1');
    const group = new ConnectionGroup(this.#lease.turn, this.#settings, local, () => {
      this.#lease.release();
    });
    const connection = new ServedConnection(group, this.#fd, remote);
    group.add(connection);
    const { data } = this.#options;
    if (data !== undefined) connection.data = data;
    return { connection, group };
  }

  /** The attempt is over: stops waiting for its fd. */
  #leaveAttempt(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#registration !== undefined) this.#lease.turn.unwatch(this, this.#registration);
    this.#registration = undefined;
  }

  #finish(): void {
    this.#options.signal?.removeEventListener('abort', this.#abort);
  }
}
