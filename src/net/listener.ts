/** Opens a listening socket, and has the peers that connect served. */
import { native } from '../binding/load.js';
import { outOfRange, systemError } from '../errors.js';
import { type Address, decodeAddress } from '../socket/address.js';
import { bindTo } from '../socket/bind.js';
import { SO_ACCEPTCONN, SO_REUSEADDR, SO_REUSEPORT, SOCK_STREAM, SOL_SOCKET } from '../socket/constants.js';
import type { PathInput } from '../socket/path.js';
import type { Socket } from '../socket/socket.js';
import type { AdoptedState } from './adopt.js';
import type { Connection } from './connection.js';
import type { ConnectionTrigger } from './connection-trigger.js';
import { type ListenSettings, toListenSettings } from './listen-settings.js';
import { ListeningSocket, type OwnedSocket } from './listening-socket.js';
import { applyTcpOptions, type ConnectionOptions, familyNumber, isTcp, toEndpoint } from './options.js';
import { resolveHost } from './resolve.js';
import type { SharedBytes } from './shared-bytes.js';
import { claimPath, SocketFile } from './socket-file.js';
import type { TlsListenOptions, TlsServerContext } from './tls-options.js';

/** Options of {@link listen}. `host` and `port`, `path` or `fd` name the place to listen on. */
export interface ListenOptions<T> extends ConnectionOptions<T> {
  /**
   * A name or an address of this machine; by default '127.0.0.1', which only this machine reaches. '0.0.0.0' and '::'
   * stand for all addresses. A name is resolved, and its first address taken.
   */
  readonly host?: string | undefined;
  /** 0 to 65535; 0 is any free one, see {@link Listener.address}. */
  readonly port?: number | undefined;
  /**
   * A unix socket's path, at most 107 bytes. The file of a crashed server, on which no process listens, is replaced.
   * The file is removed when the listener closes, unless it belongs to another by then; `onError` is called with the
   * error if that fails. With a zero byte in front, an abstract name.
   */
  readonly path?: PathInput | undefined;
  /**
   * Permission bits of the path's file, 0 to 0o777: users who may write to it may connect. By default, what the umask
   * leaves of 0o777.
   */
  readonly mode?: number | undefined;
  /** The number of the group that the path's file belongs to, 0 to 2^32-2; by default the process's own. */
  readonly group?: number | undefined;
  /**
   * A socket that listens already, inherited for instance. It stays yours, unless `ownsFd` is true: it is neither
   * reconfigured nor closed.
   */
  readonly fd?: number | undefined;
  /**
   * Whether `fd` belongs to the listener, such as one that another process has released: the listener closes it, and
   * removes a unix socket's file, as if it had opened it. By default false.
   */
  readonly ownsFd?: boolean | undefined;
  /**
   * How many connections may wait to be accepted: 1 to 2^31-1, by default 511; the system caps it (net.core.somaxconn).
   */
  readonly backlog?: number | undefined;
  /**
   * Lets several processes or workers listen on one port; the kernel spreads connections over them (SO_REUSEPORT). By
   * default false.
   */
  readonly reusePort?: boolean | undefined;
  /**
   * Of several multiplexers that watch one listening socket (`fd`) and block, wake one instead of all (EPOLLEXCLUSIVE);
   * epoll only. Those that wait inside the event loop are all woken. By default false.
   */
  readonly exclusive?: boolean | undefined;
  /**
   * Something went wrong with the listener itself: with accepting (EMFILE, ENFILE ...), with serving a connection that
   * was just accepted, with removing the socket's path, or with a wait of its multiplexer. It runs in the async context
   * of this call. Without it, such errors are dropped. The listener goes on if it can; {@link Listener.closed}
   * says whether it does.
   */
  readonly onError?: ((error: Error) => void) | undefined;
  /**
   * Speaks TLS on every connection. `open` is called when the handshake is done, and everything else is as without TLS.
   * It needs Node's event loop, so a multiplexer that only `waitSync` or `runSync` drives completes no handshake.
   * @defaultValue no TLS
   */
  readonly tls?: TlsListenOptions | undefined;
  /** A connection beyond this number is closed as soon as it is accepted: 1 to 2^31-1, by default no limit. */
  readonly maxConnections?: number | undefined;
}

/** A listening socket and the connections accepted from it. */
export interface Listener<T = unknown> {
  /** The address that it listens on, with the port that the system chose. */
  readonly address: Address;
  /** The fd of the listening socket, to be sent to another process for instance; -1 once it listens no more. */
  readonly fd: number;
  /** How many connections are open. */
  readonly connections: number;
  /** How many were closed at once, because of `maxConnections`. */
  readonly refusedConnections: number;
  /** Whether `close` was called. */
  readonly closed: boolean;
  /**
   * Writes to every connection that is subscribed to `topic`. The bytes exist once, however many get them.
   *
   * @param options.except the connection that does not get them, such as the author's
   * @returns how many connections they were written to
   * @throws ERR_INVALID_ARG_TYPE
   */
  publish(
    topic: string,
    bytes: string | Uint8Array | SharedBytes,
    options?: { readonly except?: Connection<T> | undefined },
  ): number;
  /**
   * Serves a connection that was established elsewhere as one of its own, see `adopt()`: with its handlers, limits and
   * topics. It counts as a connection, but `maxConnections` does not refuse it.
   *
   * @param fd a connected stream socket: a number, or a `Socket`, which counts as closed then
   * @returns the connection, after the open handler was called
   * @throws ERR_CLOSED if it listens no more; ERR_TLS_CONTEXT if it speaks TLS; and what `adopt()` throws
   */
  adopt(fd: number | Socket, state?: AdoptedState<T>): Connection<T>;
  /**
   * Gives the listening socket away, open: it accepts nothing more, and removes no file of a unix socket. Connections
   * that wait to be accepted stay in the queue for the next owner; those that are open stay here. `close` may follow.
   *
   * @returns the fd, which the caller has to close or to hand on
   * @throws ERR_CLOSED if it listens no more
   */
  release(): number;
  /**
   * Stops listening at once, and leaves the connections as they are: connections in the queue are still accepted, and
   * the system refuses later ones. `close` may follow. Calling it again does nothing.
   */
  stopAccepting(): void;
  /**
   * Stops listening at once and ends the connections: what is pending is sent, then each write side is shut down. Those
   * that are still there after `drainMs` are destroyed. Calling it again shortens the time at most.
   *
   * With time to drain, no peer that has connected already is cut off: connections in the queue are accepted, and bytes
   * that have arrived are handed out, before the connections are ended. Only a peer that connects at that very moment,
   * between the last accept and the close, may be reset. Without time, connections in the queue are reset.
   *
   * @param options.drainMs in ms; by default 0, which sends only what the kernel takes at once; `null` and Infinity
   *   wait for ever
   * @returns when the last connection is closed
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  close(options?: { readonly drainMs?: number | null | undefined }): Promise<void>;
  /**
   * Exchanges the certificates. Handshakes that begin from now on get the new ones; nobody is dropped.
   *
   * @throws ERR_TLS_CONTEXT if they are invalid, and then the old ones stay, or if the listener speaks no TLS;
   *   ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
   */
  setSecureContext(context: TlsServerContext): void;
  /**
   * Has the kernel report by another trigger, for the connections that are open and for later ones: see `trigger` of
   * `listen()`. Nothing is lost. A multiplexer of yours can so be switched to a backend without edges, and back.
   *
   * @throws ERR_UNSUPPORTED_TRIGGER if the backend in use does not have it; ERR_OUT_OF_RANGE
   */
  setTrigger(trigger: ConnectionTrigger): void;
  /** It alone does not keep the process alive. Connections do. */
  unref(): this;
  /** It keeps the process alive again, as it does at first. */
  ref(): this;
  /** Closes it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Listens, and serves the clients that connect.
 *
 * @returns when connections are taken
 * @throws EADDRINUSE, EADDRNOTAVAIL, EACCES and the other errors of socket(2), bind(2) and listen(2); EINVAL if `fd`
 *   does not listen; ENOTFOUND and the like from the resolver; ERR_TLS_CONTEXT, ERR_UNSUPPORTED_TRIGGER,
 *   ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see ip(7), unix(7)
 */
export async function listen<T = unknown>(options: ListenOptions<T>): Promise<Listener<T>> {
  const settings = await toListenSettings(options);
  if (settings.fd !== undefined) {
    checkListening(settings.fd);
    return new ListeningSocket(settings, settings.fd, settings.ownsFd ? toOwned(settings.fd) : null);
  }
  const address = await toBindAddress(options);
  const open = (): OwnedSocket => openListening(address, settings);
  const owned = 'path' in address ? await claimPath(address.path, open) : open();
  try {
    return new ListeningSocket(settings, owned.fd, owned);
  } catch (error) {
    owned.file?.remove();
    native.close(owned.fd);
    throw error;
  }
}

async function toBindAddress<T>(options: ListenOptions<T>): Promise<Address> {
  const endpoint = toEndpoint(options);
  if (endpoint.kind === 'unix') return endpoint.address;
  const [first] = await resolveHost(endpoint.host, endpoint.port);
  if (first === undefined) throw outOfRange('options.host', 'a name that has an address', endpoint.host);
  return first;
}

/** As accept(2) would find out, which reports it for some sockets by an errno that means "try again". */
function checkListening(fd: number): void {
  const listens = native.getSockOpt(fd, SOL_SOCKET, SO_ACCEPTCONN) !== 0;
  if (!listens) throw systemError('EINVAL', 'listen', 'the socket does not listen', fd);
}

/** The socket that a listener owns with `fd`. The listener accepts in a loop, for which the socket must not block. */
function toOwned(fd: number): OwnedSocket {
  native.setNonBlocking(fd, true);
  const address = decodeAddress(native.getSockName(fd));
  return { fd, file: 'path' in address ? SocketFile.ifThere(address.path) : null };
}

/** socket(2), bind(2), listen(2). */
function openListening<T>(address: Address, settings: ListenSettings<T>): OwnedSocket {
  const fd = native.socket(familyNumber(address), SOCK_STREAM, 0, true);
  let file: SocketFile | null = null;
  try {
    if (isTcp(address)) {
      // A restarted server takes its port again while old connections are in TIME_WAIT.
      native.setSockOpt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      applyTcpOptions(fd, settings);
    }
    if (settings.reusePort) native.setSockOpt(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    bindTo(fd, address);
    if ('path' in address) file = new SocketFile(address.path);
    // Before it listens: nobody can connect with rights that the file must not give.
    file?.allow(settings.access);
    native.listen(fd, settings.backlog);
  } catch (error) {
    file?.remove();
    native.close(fd);
    throw error;
  }
  return { fd, file };
}
