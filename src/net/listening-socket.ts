/** A socket that listens, with its connections: from the first one to the last one gone. */
import { inspect, type InspectOptions } from 'node:util';
import { checkOneOf, checkOptions, checkString, type OptionNames, toTimeoutMs } from '../arguments.js';
import { native } from '../binding/load.js';
import { closedError, FdmuxError, toError, unsupportedTriggerError } from '../errors.js';
import { summary } from '../inspect.js';
import { type Address, decodeAddress } from '../socket/address.js';
import type { Socket } from '../socket/socket.js';
import { AcceptLoop } from './accept-loop.js';
import { type AdoptedState, adoptInto } from './adopt.js';
import type { Connection } from './connection.js';
import { ConnectionGroup } from './connection-group.js';
import { CONNECTION_TRIGGERS, type ConnectionTrigger, hasTrigger } from './connection-trigger.js';
import { callInContext } from './handler-calls.js';
import type { ListenSettings } from './listen-settings.js';
import type { Listener } from './listener.js';
import { applyTcpOptions, isTcp } from './options.js';
import { ServedConnection } from './served-connection.js';
import { SharedBytes } from './shared-bytes.js';
import type { SocketFile } from './socket-file.js';
import type { Timer } from './timers.js';
import type { TlsServerContext } from './tls-options.js';
import { TlsServer } from './tls-server.js';
import { type Lease, leaseTurn } from './turn-lease.js';
import type { FdOwner } from './turn-member.js';

const PUBLISH_OPTIONS: OptionNames<{ except?: unknown }> = { except: true };
const CLOSE_OPTIONS: OptionNames<{ drainMs?: unknown }> = { drainMs: true };

/** The fd and the file to close and remove at the end. */
export interface OwnedSocket {
  readonly fd: number;
  readonly file: SocketFile | null;
}

/** The one class behind {@link Listener}. */
export class ListeningSocket<T> implements Listener<T>, FdOwner {
  readonly address: Address;
  refusedConnections = 0;

  readonly #settings: ListenSettings<T>;
  readonly #lease: Lease;
  readonly #group: ConnectionGroup<T>;
  readonly #fd: number;
  /** Null if the socket is the user's. */
  readonly #owned: OwnedSocket | null;
  /** Keeps the turn's timer fd open: when no fds are left, none could be made to wait with. */
  readonly #reserve: Timer;
  readonly #accepting: AcceptLoop;
  /** Null without TLS. */
  readonly #tls: TlsServer<T> | null;
  /** In `'draining'` it takes no new connections; in `'closed'` the last connection is gone, too. */
  #state: 'listening' | 'draining' | 'closed' = 'listening';
  /** Whether the socket was given away: then it stays open. */
  #isReleased = false;
  /** Whether peers that wait to be accepted are still served while it drains. */
  #isGraceful = false;
  /** The time at which the connections that are left are destroyed, on the clock of performance.now(). */
  #deadline: { readonly timer: Timer; readonly dueMs: number } | undefined;
  #whenClosed: (() => void)[] = [];

  constructor(settings: ListenSettings<T>, fd: number, owned: OwnedSocket | null) {
    this.#settings = settings;
    this.#fd = fd;
    this.#owned = owned;
    this.address = decodeAddress(native.getSockName(fd));
    this.#lease = leaseTurn(settings.multiplexer, settings.backend, settings.spinUs);
    const { turn } = this.#lease;
    this.#group = new ConnectionGroup(turn, settings, this.address, this.#connectionClosed);
    const { tls } = settings;
    this.#tls = tls === undefined ? null : new TlsServer(tls, this.#group, this.#handshakeOver);
    let reserve: Timer | undefined;
    try {
      reserve = turn.after(Infinity, () => undefined);
      this.#reserve = reserve;
      const { exclusive, backlog } = settings;
      this.#accepting = new AcceptLoop(
        turn,
        this,
        { fd, isShared: owned === null, exclusive, backlog },
        {
          take: (accepted, remote) => this.#take(accepted, remote),
          failed: (error) => this.#reportError(error),
          ended: () => void this.close({ drainMs: null }),
        },
      );
    } catch (error) {
      reserve?.cancel();
      this.#lease.release();
      throw error;
    }
  }

  get closed(): boolean {
    return this.#state !== 'listening';
  }

  get fd(): number {
    return this.#accepting.isStopped || this.#isReleased ? -1 : this.#fd;
  }

  get connections(): number {
    return this.#group.size;
  }

  /** The multiplexer reports that connections wait. */
  ready(): void {
    const room = this.#tls?.makeRoom() ?? Infinity;
    if (room === 0) {
      this.#accepting.rest(this.#tls?.restMs ?? 0);
      return;
    }
    const failure = this.#accepting.takeBatch(room);
    if (this.#state === 'listening') {
      this.#accepting.recover(failure);
    } else {
      // A handler of one of them has closed it.
      this.#stopListening();
      this.#settleClosed();
    }
  }

  waitFailed(error: Error): void {
    this.#reportError(error);
  }

  abandoned(error: Error): void {
    this.#reportError(error);
    if (!this.closed) void this.close();
  }

  #take(fd: number, remote: string): void {
    const isFull = this.#group.size >= this.#settings.maxConnections;
    if (isFull || (this.closed && !this.#isGraceful)) {
      if (isFull) this.refusedConnections += 1;
      native.close(fd);
      return;
    }
    const connection = new ServedConnection(this.#group, fd, remote);
    try {
      if (this.#owned === null && isTcp(this.address)) applyTcpOptions(fd, this.#settings);
      this.#group.add(connection);
      if (this.#tls !== null) {
        this.#secure(this.#tls, connection);
        return;
      }
    } catch (error) {
      native.close(fd);
      this.#reportError(toError(error));
      return;
    }
    connection.open();
  }

  #secure(tls: TlsServer<T>, connection: ServedConnection<T>): void {
    try {
      tls.secure(connection);
    } catch (error) {
      connection.destroy();
      this.#reportError(toError(error));
    }
  }

  readonly #handshakeOver = (): void => {
    if (!this.closed && this.#accepting.isResting) this.#accepting.resume();
  };

  setSecureContext(context: TlsServerContext): void {
    if (this.#tls === null) throw new FdmuxError('ERR_TLS_CONTEXT', 'the listener speaks no TLS');
    this.#tls.setSecureContext(context);
  }

  setTrigger(trigger: ConnectionTrigger): void {
    checkOneOf(trigger, 'trigger', CONNECTION_TRIGGERS);
    const { backend } = this.#lease.turn;
    if (!hasTrigger(backend, trigger)) throw unsupportedTriggerError(trigger, backend);
    this.#group.setTrigger(trigger);
  }

  #reportError(error: Error): void {
    const { context, onError } = this.#settings;
    if (onError !== undefined) callInContext({ context, turn: this.#lease.turn }, onError, error);
  }

  publish(
    topic: string,
    bytes: string | Uint8Array | SharedBytes,
    options: { readonly except?: Connection<T> | undefined } = {},
  ): number {
    checkString(topic, 'topic');
    checkOptions(options, 'options', PUBLISH_OPTIONS);
    const content = typeof bytes === 'string' || bytes instanceof SharedBytes ? bytes : new SharedBytes(bytes);
    return this.#group.topics.publish(topic, content, options.except);
  }

  adopt(fd: number | Socket, state: AdoptedState<T> = {}): Connection<T> {
    if (this.closed) throw closedError('the listener');
    if (this.#tls !== null) {
      throw new FdmuxError('ERR_TLS_CONTEXT', 'the listener speaks TLS, whose handshake is over on this connection');
    }
    return adoptInto(this.#group, this.#settings, fd, state);
  }

  release(): number {
    const { fd } = this;
    if (this.closed || fd < 0) throw closedError('the listener');
    this.#isReleased = true;
    native.disownFd(fd);
    this.stopAccepting();
    return fd;
  }

  stopAccepting(): void {
    if (this.#state !== 'listening') return;
    this.#state = 'draining';
    this.#isGraceful = true;
    if (!this.#accepting.isTaking) this.#stopListening();
    this.#settleClosed();
  }

  close(options: { readonly drainMs?: number | null | undefined } = {}): Promise<void> {
    checkOptions(options, 'options', CLOSE_OPTIONS);
    const { drainMs = 0 } = options;
    const timeoutMs = toTimeoutMs(drainMs, 'options.drainMs');
    const isFirst = this.#state === 'listening';
    if (isFirst) this.#state = 'draining';
    this.#isGraceful = timeoutMs !== 0 && (isFirst || this.#isGraceful);
    if (isFirst && !this.#accepting.isTaking) this.#stopListening();
    const whenClosed = new Promise<void>((resolve) => {
      this.#whenClosed.push(resolve);
    });
    if (this.#state === 'draining') {
      if (this.#isGraceful) this.#endAllSoon();
      else this.#endAll();
      this.#destroyAllAfter(timeoutMs);
    }
    this.#settleClosed();
    return whenClosed;
  }

  /** @param timeoutMs -1 for never. It does not delay an earlier deadline */
  #destroyAllAfter(timeoutMs: number): void {
    const { turn } = this.#lease;
    const dueMs = performance.now() + timeoutMs;
    if (timeoutMs === 0) turn.defer(this.#destroyAll);
    if (timeoutMs <= 0 || dueMs >= (this.#deadline?.dueMs ?? Infinity)) return;
    this.#deadline?.timer.cancel();
    this.#deadline = { timer: turn.after(timeoutMs, this.#destroyAll), dueMs };
  }

  #stopListening(): void {
    const owned = this.#isReleased ? null : this.#owned;
    // First, so that no client connects through it any more.
    if (owned !== null) this.#removeSocketFile(owned.file);
    this.#accepting.stop(owned !== null && this.#isGraceful);
    if (owned !== null) native.close(this.#fd);
  }

  #removeSocketFile(file: SocketFile | null): void {
    const failure = file?.remove() ?? null;
    if (failure !== null) this.#reportError(failure);
  }

  /** Ends the connections when the bytes that have arrived are handed out, so a peer that asked is still answered. */
  #endAllSoon(): void {
    const { turn } = this.#lease;
    for (const connection of this.#group) turn.addReadable(connection);
    // A turn that is already receiving takes up the connections in the next one.
    turn.defer(() => {
      turn.defer(this.#endAll);
    });
  }

  readonly #endAll = (): void => {
    for (const connection of this.#group) connection.listenerCloses();
  };

  readonly #destroyAll = (): void => {
    for (const connection of this.#group) connection.listenerCuts();
  };

  readonly #connectionClosed = (): void => {
    if (this.closed) this.#settleClosed();
    else if (this.#accepting.isResting) this.#accepting.resume();
  };

  #settleClosed(): void {
    if (!this.#accepting.isStopped || this.#group.size > 0) return;
    this.#deadline?.timer.cancel();
    this.#deadline = undefined;
    if (this.#state !== 'closed') {
      this.#state = 'closed';
      this.#reserve.cancel();
      this.#lease.release();
    }
    for (const resolve of this.#whenClosed) resolve();
    this.#whenClosed = [];
  }

  ref(): this {
    this.#accepting.ref();
    return this;
  }

  unref(): this {
    this.#accepting.unref();
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    const { fd, address, connections, closed } = this;
    return summary('Listener', { fd, address, connections, closed }, depth, options);
  }
}
