/** Listening: accepts connections and serves them. */
import { constants } from 'node:os';
import { inspect, type InspectOptions } from 'node:util';
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkOptions,
  checkString,
  MAX_INT32,
  type OptionNames,
  toFd,
  toTimeoutMs,
} from '../arguments.js';
import { native } from '../binding/load.js';
import { invalidArgType, outOfRange, present, systemError, toError } from '../errors.js';
import { summary } from '../inspect.js';
import type { Registration } from '../multiplexer/registration.js';
import { type Address, decodeAddress, encodeAddress } from '../socket/address.js';
import { SO_ACCEPTCONN, SO_REUSEADDR, SO_REUSEPORT, SOCK_STREAM, SOL_SOCKET } from '../socket/constants.js';
import { errnoError } from '../socket/errno-error.js';
import { type PathInput, toPathBytes } from '../socket/path.js';
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
import { SharedBytes } from './shared-bytes.js';
import { claimPath, SocketFile, type SocketFileAccess } from './socket-file.js';
import type { Timer } from './timers.js';
import { type Lease, leaseTurn } from './turn-lease.js';
import type { Served } from './turn-member.js';

/** Options of {@link listen}. Where to listen is said by `host` and `port`, by `path`, or by `fd`. */
export interface ListenOptions<T> extends ConnectionOptions<T> {
  /**
   * A name or an address of this machine; by default '127.0.0.1', which only this machine reaches. '0.0.0.0' and '::'
   * stand for all addresses. A name is resolved, and its first address taken.
   */
  readonly host?: string | undefined;
  /** 0 to 65535; 0 is any free one, see {@link Listener.address}. */
  readonly port?: number | undefined;
  /**
   * A unix socket's path, at most 107 bytes. The file of a server that has crashed, on which nobody listens, is
   * replaced. The file is removed when the listener closes, unless it is another's by then; `onError` is called with
   * what hinders that. With a zero byte in front, an abstract name.
   */
  readonly path?: PathInput | undefined;
  /**
   * Permission bits of the path's file, 0 to 0o777: who may write to it may connect. By default what the umask leaves
   * of 0o777.
   */
  readonly mode?: number | undefined;
  /** The number of the group that the path's file belongs to, 0 to 2^32-2; by default the process's own. */
  readonly group?: number | undefined;
  /** A socket that listens already, inherited for instance. It stays yours: it is neither reconfigured nor closed. */
  readonly fd?: number | undefined;
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
   * of this call. Without it, such errors are dropped. The listener goes on where it can; {@link Listener.closed} says
   * whether it does.
   */
  readonly onError?: ((error: Error) => void) | undefined;
  /** A connection beyond is closed as soon as it is accepted: 1 to 2^31-1, by default no limit. */
  readonly maxConnections?: number | undefined;
}

/** A listening socket and the connections that came through it. */
export interface Listener<T = unknown> {
  /** Where it listens, with the port that the system chose. */
  readonly address: Address;
  /** How many connections are open. */
  readonly connections: number;
  /** How many were closed at once, because of `maxConnections`. */
  readonly refusedConnections: number;
  /** Whether `close` was called. */
  readonly closed: boolean;
  /**
   * Writes to every connection that is subscribed to `topic`. The bytes exist once, however many get them.
   *
   * @param options.except does not get them: who said it
   * @returns how many connections they were written to
   * @throws ERR_INVALID_ARG_TYPE
   */
  publish(
    topic: string,
    bytes: string | Uint8Array | SharedBytes,
    options?: { readonly except?: Connection<T> | undefined },
  ): number;
  /**
   * Stops listening at once and ends the connections: what is pending is sent, then each peer is told. Those that are
   * still there after `drainMs` are destroyed. Calling it again shortens the time at most.
   *
   * With time to drain, nobody is cut off who has connected already: who waits to be accepted is served, and what has
   * come by now is handed out, before the connections are ended. Only who connects in that very moment, between the
   * last accept and the close, may be reset. Without, who waits to be accepted is reset.
   *
   * @param options.drainMs in ms; by default 0, which sends only what the kernel takes at once; `null` and Infinity
   *   wait for ever
   * @returns when the last connection is closed
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  close(options?: { readonly drainMs?: number | null | undefined }): Promise<void>;
  /** It alone does not keep the process alive. Connections do. */
  unref(): this;
  /** It keeps the process alive again, as it does at first. */
  ref(): this;
  /** Closes it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

const OPTIONS: OptionNames<ListenOptions<unknown>> = {
  ...CONNECTION_OPTIONS,
  host: true,
  port: true,
  path: true,
  mode: true,
  group: true,
  fd: true,
  backlog: true,
  reusePort: true,
  exclusive: true,
  maxConnections: true,
  onError: true,
};
const PUBLISH_OPTIONS: OptionNames<{ except?: unknown }> = { except: true };
const CLOSE_OPTIONS: OptionNames<{ drainMs?: unknown }> = { drainMs: true };

const DEFAULT_BACKLOG = 511;
/** -1 leaves the group: chown(2). */
const MAX_GROUP = 0xffff_fffe;
/** How many connections one turn accepts: the others are served between two such batches. */
const ACCEPT_BATCH = 64;
/** sizeof(struct sockaddr_storage). */
const ADDRESS_BYTES = 128;
/** For how long nothing is accepted when there are no fds left, unless a connection closes meanwhile. */
const EXHAUSTED_MS = 100;

const { EAGAIN, ECONNABORTED, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, EPROTO } = constants.errno;
const { ENETDOWN, ENOPROTOOPT, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, ETIMEDOUT } = constants.errno;
/**
 * Errors of the connection that was to be accepted, not of the listening socket: accept(2). The next one may be well.
 */
const TRANSIENT: ReadonlySet<number> = new Set([
  ...[EAGAIN, ECONNABORTED, EINTR, EPERM, EPROTO],
  ...[ENETDOWN, ENOPROTOOPT, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, ETIMEDOUT],
]);
/** Trying again at once would spin: the connection stays in the queue, and the listening socket ready. */
const EXHAUSTED: ReadonlySet<number> = new Set([EMFILE, ENFILE, ENOBUFS, ENOMEM]);

/**
 * Listens, and serves what connects.
 *
 * @returns when connections are taken
 * @throws EADDRINUSE, EADDRNOTAVAIL, EACCES and what else socket(2), bind(2) and listen(2) give; EINVAL where `fd` does
 *   not listen; ENOTFOUND and the like from the resolver; ERR_UNSUPPORTED_TRIGGER, ERR_INVALID_ARG_TYPE,
 *   ERR_OUT_OF_RANGE
 * @see ip(7), unix(7)
 */
export async function listen<T = unknown>(options: ListenOptions<T>): Promise<Listener<T>> {
  const settings = toListenSettings(options);
  if (settings.fd !== undefined) {
    checkListening(settings.fd);
    return new ListeningSocket(settings, settings.fd, null);
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

/** What is to be closed and removed at the end. */
interface OwnedSocket {
  readonly fd: number;
  readonly file: SocketFile | null;
}

interface ListenSettings<T> extends ConnectionSettings<T> {
  readonly fd: number | undefined;
  readonly backlog: number;
  readonly reusePort: boolean;
  readonly exclusive: boolean;
  readonly maxConnections: number;
  readonly onError: ((error: Error) => void) | undefined;
  readonly access: SocketFileAccess;
}

function toListenSettings<T>(options: ListenOptions<T>): ListenSettings<T> {
  const settings = toConnectionSettings(options, OPTIONS);
  const { fd, backlog = DEFAULT_BACKLOG, reusePort = false, exclusive = false, onError } = options;
  const { maxConnections = Infinity } = options;
  checkInteger(backlog, 'options.backlog', 1, MAX_INT32);
  checkBoolean(reusePort, 'options.reusePort');
  checkBoolean(exclusive, 'options.exclusive');
  if (maxConnections !== Infinity) checkInteger(maxConnections, 'options.maxConnections', 1, MAX_INT32);
  if (onError !== undefined) checkFunction(onError, 'options.onError');
  return {
    ...settings,
    fd: fd === undefined ? undefined : toFd(fd, 'options.fd'),
    backlog,
    reusePort,
    exclusive,
    maxConnections,
    onError,
    access: toSocketFileAccess(options),
  };
}

function toSocketFileAccess<T>({ mode, group, path }: ListenOptions<T>): SocketFileAccess {
  if (mode !== undefined) checkInteger(mode, 'options.mode', 0, 0o777);
  if (group !== undefined) checkInteger(group, 'options.group', 0, MAX_GROUP);
  const hasFile = path !== undefined && toPathBytes(path, 'options.path')[0] !== 0;
  if (mode !== undefined && !hasFile) throw invalidArgType('options.mode', 'left out without a path', mode);
  if (group !== undefined && !hasFile) throw invalidArgType('options.group', 'left out without a path', group);
  return { mode, group };
}

async function toBindAddress<T>(options: ListenOptions<T>): Promise<Address> {
  const endpoint = toEndpoint(options);
  if (endpoint.kind === 'unix') return endpoint.address;
  const [first] = await resolveHost(endpoint.host, endpoint.port);
  if (first === undefined) throw outOfRange('options.host', 'a name that has an address', endpoint.host);
  return first;
}

/** As accept(2) finds out, which says it of some sockets in words that mean "try again". */
function checkListening(fd: number): void {
  const listens = native.getSockOpt(fd, SOL_SOCKET, SO_ACCEPTCONN) !== 0;
  if (!listens) throw systemError('EINVAL', 'listen', 'the socket does not listen', fd);
}

/** socket(2), bind(2), listen(2). */
function openListening<T>(address: Address, settings: ListenSettings<T>): OwnedSocket {
  const raw = encodeAddress(address);
  const fd = native.socket(familyNumber(address), SOCK_STREAM, 0, true);
  let file: SocketFile | null = null;
  try {
    if (isTcp(address)) {
      // A restarted server takes its port again while old connections are in TIME_WAIT.
      native.setSockOpt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      applyTcpOptions(fd, settings);
    }
    if (settings.reusePort) native.setSockOpt(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    native.bind(fd, raw);
    if ('path' in address) file = new SocketFile(address.path);
    // Before it listens: nobody connects with rights that the file is not to give.
    file?.allow(settings.access);
    native.listen(fd, settings.backlog);
  } catch (error) {
    file?.remove();
    native.close(fd);
    throw error;
  }
  return { fd, file };
}

/** The one class behind {@link Listener}. */
class ListeningSocket<T> implements Listener<T>, Served {
  readonly address: Address;
  refusedConnections = 0;
  closed = false;

  readonly #settings: ListenSettings<T>;
  readonly #lease: Lease;
  readonly #group: ConnectionGroup<T>;
  readonly #fd: number;
  /** Null if the socket is the user's. */
  readonly #owned: OwnedSocket | null;
  readonly #registration: Registration;
  readonly #results = new Int32Array(2 * ACCEPT_BATCH);
  readonly #addresses = Buffer.alloc(ADDRESS_BYTES * ACCEPT_BATCH);
  /** Keeps the turn's timer fd open: when there are no fds left, the one to wait with could not be made any more. */
  readonly #reserve: Timer;
  #retry: Timer | undefined;
  #drainDeadline: Timer | undefined;
  /** When that is, on the clock of performance.now(). */
  #drainDueMs = Infinity;
  /** Whether a batch is being taken, and `#results` in use. */
  #isAccepting = false;
  /** Whether who waits to be accepted is still served while it closes. */
  #isGraceful = false;
  #isListening = true;
  #isReleased = false;
  #whenClosed: (() => void)[] = [];

  constructor(settings: ListenSettings<T>, fd: number, owned: OwnedSocket | null) {
    this.#settings = settings;
    this.#fd = fd;
    this.#owned = owned;
    this.address = decodeAddress(native.getSockName(fd));
    this.#lease = leaseTurn(settings.multiplexer, settings.backend);
    const { turn } = this.#lease;
    this.#group = new ConnectionGroup(turn, settings, this.address, this.#connectionClosed);
    let reserve: Timer | undefined;
    try {
      reserve = turn.after(Infinity, () => undefined);
      this.#reserve = reserve;
      // Always level-triggered: a batch may leave connections in the queue.
      this.#registration = turn.serve(this, fd, { interest: 'read', exclusive: settings.exclusive });
    } catch (error) {
      reserve?.cancel();
      this.#lease.release();
      throw error;
    }
  }

  get connections(): number {
    return this.#group.size;
  }

  /** The multiplexer says that connections wait. */
  ready(): void {
    // Who shares a socket of the user's is left a share of what waits.
    const failure = this.#acceptBatch(this.#owned === null ? 1 : ACCEPT_BATCH);
    if (this.closed) {
      // One of its handlers has closed it.
      this.#stopListening();
      this.#settleClosed();
    } else if (failure !== 0) {
      this.#acceptFailed(failure);
    }
  }

  /** @returns 0, or the errno for which it are fewer */
  #acceptBatch(wanted: number): number {
    this.#isAccepting = true;
    // A blocking socket of the user's would block where another thread or process was faster.
    const now = this.#owned === null;
    const accepted = native.acceptMany(this.#fd, this.#results, this.#addresses, wanted, now);
    const failure = accepted < wanted ? -present(this.#results[2 * accepted], 'the result of an accept') : 0;
    for (let i = 0; i < accepted; i += 1) this.#take(i);
    this.#isAccepting = false;
    return failure;
  }

  /**
   * Takes those whose connection stands already: closing the listening socket would reset them. No more than its queue
   * holds.
   */
  #acceptWaiting(): void {
    for (let left = this.#settings.backlog + 1; left > 0; left -= ACCEPT_BATCH) {
      const failure = this.#acceptBatch(ACCEPT_BATCH);
      const isOver = failure === EAGAIN || !(failure === 0 || TRANSIENT.has(failure));
      if (!isOver) continue;
      if (failure !== EAGAIN) this.#tellError(errnoError(failure, 'accept4', this.#fd));
      return;
    }
  }

  waitFailed(error: Error): void {
    this.#tellError(error);
  }

  abandoned(error: Error): void {
    this.#tellError(error);
    if (!this.closed) void this.close();
  }

  /** Serves the connection that the last call accepted as number `index`. */
  #take(index: number): void {
    const fd = present(this.#results[2 * index], 'an accepted fd');
    const isFull = this.#group.size >= this.#settings.maxConnections;
    if (isFull || (this.closed && !this.#isGraceful)) {
      if (isFull) this.refusedConnections += 1;
      native.close(fd);
      return;
    }
    const start = ADDRESS_BYTES * index;
    const end = start + present(this.#results[2 * index + 1], 'the length of an address');
    // As a string it takes a third of the memory of an array, and a server holds many.
    const remote = this.#addresses.toString('latin1', start, end);
    const connection = new ServedConnection(this.#group, fd, remote);
    try {
      if (this.#owned === null && isTcp(this.address)) applyTcpOptions(fd, this.#settings);
      this.#group.add(connection);
    } catch (error) {
      native.close(fd);
      this.#tellError(toError(error));
      return;
    }
    connection.open();
  }

  #acceptFailed(errno: number): void {
    if (TRANSIENT.has(errno)) return;
    this.#tellError(errnoError(errno, 'accept4', this.#fd));
    // The error handler has closed it.
    if (this.closed) return;
    if (!EXHAUSTED.has(errno)) {
      void this.close({ drainMs: null });
      return;
    }
    this.#registration.pause();
    this.#retry = this.#lease.turn.after(EXHAUSTED_MS, this.#resumeAccepting);
  }

  readonly #resumeAccepting = (): void => {
    this.#retry?.cancel();
    this.#retry = undefined;
    if (this.closed) return;
    try {
      this.#registration.resume();
    } catch (error) {
      this.#tellError(toError(error));
      void this.close({ drainMs: null });
    }
  };

  #tellError(error: Error): void {
    const { context, onError } = this.#settings;
    if (onError === undefined) return;
    try {
      context.runInAsyncScope(onError, undefined, error);
    } catch (thrown) {
      this.#lease.turn.fail(thrown);
    }
  }

  publish(
    topic: string,
    bytes: string | Uint8Array | SharedBytes,
    options: { readonly except?: Connection<T> | undefined } = {},
  ): number {
    checkString(topic, 'topic');
    checkOptions(options, 'options', PUBLISH_OPTIONS);
    const { except } = options;
    const shared = bytes instanceof SharedBytes ? bytes : new SharedBytes(bytes);
    let count = 0;
    for (const member of this.#group.topics.members(topic)) {
      if (member === except || !member.isWritable) continue;
      member.write(shared);
      count += 1;
    }
    return count;
  }

  close(options: { readonly drainMs?: number | null | undefined } = {}): Promise<void> {
    checkOptions(options, 'options', CLOSE_OPTIONS);
    const { drainMs = 0 } = options;
    const timeoutMs = toTimeoutMs(drainMs, 'options.drainMs');
    const isFirst = !this.closed;
    this.closed = true;
    this.#isGraceful = timeoutMs !== 0 && (isFirst || this.#isGraceful);
    if (isFirst && !this.#isAccepting) this.#stopListening();
    const whenClosed = new Promise<void>((resolve) => {
      this.#whenClosed.push(resolve);
    });
    if (!this.#isReleased) {
      if (this.#isGraceful) this.#endAllSoon();
      else this.#endAll();
      this.#destroyAllAfter(timeoutMs);
    }
    this.#settleClosed();
    return whenClosed;
  }

  /** @param timeoutMs -1 for never; what is due already comes no later for it */
  #destroyAllAfter(timeoutMs: number): void {
    const { turn } = this.#lease;
    const dueMs = performance.now() + timeoutMs;
    if (timeoutMs === 0) turn.defer(this.#destroyAll);
    if (timeoutMs <= 0 || dueMs >= this.#drainDueMs) return;
    this.#drainDueMs = dueMs;
    this.#drainDeadline?.cancel();
    this.#drainDeadline = turn.after(timeoutMs, this.#destroyAll);
  }

  #stopListening(): void {
    this.#retry?.cancel();
    if (this.#owned !== null) {
      // First, so that nobody comes by it any more.
      this.#removeSocketFile(this.#owned.file);
      if (this.#isGraceful) this.#acceptWaiting();
    }
    this.#lease.turn.forget(this, this.#registration);
    if (this.#owned !== null) native.close(this.#fd);
    this.#isListening = false;
  }

  #removeSocketFile(file: SocketFile | null): void {
    const failure = file?.remove() ?? null;
    if (failure !== null) this.#tellError(failure);
  }

  /** Ends the connections once what has come by now is handed out: who has asked something is answered. */
  #endAllSoon(): void {
    const { turn } = this.#lease;
    for (const connection of this.#group) turn.addReadable(connection);
    // A turn that is amid its receiving takes up the connections in the next.
    turn.defer(() => {
      turn.defer(this.#endAll);
    });
  }

  readonly #endAll = (): void => {
    for (const connection of this.#group) connection.end();
  };

  readonly #destroyAll = (): void => {
    for (const connection of this.#group) connection.destroy();
  };

  readonly #connectionClosed = (): void => {
    if (this.closed) this.#settleClosed();
    else if (this.#retry !== undefined) this.#resumeAccepting();
  };

  #settleClosed(): void {
    if (this.#isListening || this.#group.size > 0) return;
    this.#drainDeadline?.cancel();
    this.#drainDeadline = undefined;
    if (!this.#isReleased) {
      this.#isReleased = true;
      this.#reserve.cancel();
      this.#lease.release();
    }
    for (const resolve of this.#whenClosed) resolve();
    this.#whenClosed = [];
  }

  ref(): this {
    this.#registration.ref();
    return this;
  }

  unref(): this {
    this.#registration.unref();
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    const { address, connections, closed } = this;
    return summary('Listener', { fd: this.#isListening ? this.#fd : -1, address, connections, closed }, depth, options);
  }
}
