/** The state that the connections of one listener, or of one call of connect(), share. */
import type { AsyncResource } from 'node:async_hooks';
import { FdmuxError } from '../errors.js';
import type { Address } from '../socket/address.js';
import type { SocketHandlers } from './connection.js';
import type { ConnectionTrigger } from './connection-trigger.js';
import { type ConnectionSettings, isTcp } from './options.js';
import type { ServedConnection } from './served-connection.js';
import type { Timer } from './timers.js';
import { Topics } from './topics.js';
import type { Turn } from './turn.js';

/** How many times within their timeout the group looks for idle connections. */
const LOOKS_PER_TIMEOUT = 4;

/** The connections of one listener, with their settings, their topics and their idle timeout. */
export class ConnectionGroup<T> {
  readonly turn: Turn;
  readonly handlers: SocketHandlers<T>;
  /** The async context that the handlers run in. */
  readonly context: AsyncResource;
  /** Whether the time of the last movement of bytes matters. */
  readonly watchesIdle: boolean;
  readonly highWaterMarkBytes: number;
  readonly maxPendingBytes: number;
  /** The local address of every connection, for when the kernel no longer knows it. */
  readonly boundAddress: Address;
  readonly topics: Topics<T>;
  readonly #idleTimeoutMs: number | undefined;
  readonly #onClosed: () => void;
  #isEdge: boolean;
  readonly #connections = new Set<ServedConnection<T>>();
  /** The latest times at which the group looked for idle connections. */
  readonly #looksMs: number[] = [];
  #idleTimer: Timer | undefined;

  /** @param onClosed called after each connection that is closed */
  constructor(turn: Turn, settings: ConnectionSettings<T>, boundAddress: Address, onClosed: () => void) {
    this.turn = turn;
    this.handlers = settings.socket;
    this.context = settings.context;
    this.watchesIdle = settings.idleTimeoutMs !== undefined;
    this.highWaterMarkBytes = settings.highWaterMarkBytes;
    this.maxPendingBytes = settings.maxPendingBytes;
    this.topics = new Topics(turn, Math.min(this.highWaterMarkBytes, this.maxPendingBytes));
    this.boundAddress = boundAddress;
    this.#idleTimeoutMs = settings.idleTimeoutMs;
    this.#onClosed = onClosed;
    this.#isEdge = this.#canBeEdge && settings.isEdge;
  }

  /** Whether its connections are edge-triggered. */
  get isEdge(): boolean {
    return this.#isEdge;
  }

  /**
   * A receive from a unix socket stops before the next message with fds, so a short count does not mean that the socket
   * is drained.
   */
  get #canBeEdge(): boolean {
    return isTcp(this.boundAddress);
  }

  /** Changes the trigger of those that are open, and of later ones. One that cannot be changed is destroyed. */
  setTrigger(trigger: ConnectionTrigger): void {
    const isEdge = this.#canBeEdge && trigger === 'edge';
    if (isEdge === this.#isEdge) return;
    this.#isEdge = isEdge;
    for (const connection of this.#connections) connection.updateTrigger(isEdge ? 'edge' : 'level');
  }

  get size(): number {
    return this.#connections.size;
  }

  [Symbol.iterator](): IterableIterator<ServedConnection<T>> {
    return this.#connections.values();
  }

  /**
   * Adds a connection, and watches its fd. Does not call the open handler.
   *
   * @throws EMFILE, ENFILE, and the errors of registering; the connection is then not part of the group, and the caller
   *   still owns its fd
   */
  add(connection: ServedConnection<T>): void {
    this.#connections.add(connection);
    try {
      this.#watchIdle();
      connection.register();
    } catch (error) {
      this.#remove(connection);
      throw error;
    }
  }

  /** Removes a connection that has been closed. */
  closed(connection: ServedConnection<T>): void {
    this.#remove(connection);
    this.#onClosed();
  }

  #remove(connection: ServedConnection<T>): void {
    this.#connections.delete(connection);
    this.topics.leaveAll(connection);
    if (this.#connections.size === 0) {
      this.#idleTimer?.cancel();
      this.#idleTimer = undefined;
    }
  }

  #watchIdle(): void {
    if (this.#idleTimeoutMs === undefined || this.#idleTimer !== undefined) return;
    this.#idleTimer = this.turn.after(this.#idleTimeoutMs / LOOKS_PER_TIMEOUT, () => {
      this.#idleTimer = undefined;
      this.#closeIdle();
      if (this.#connections.size > 0) this.#watchIdle();
    });
  }

  #closeIdle(): void {
    const idleTimeoutMs = this.#idleTimeoutMs ?? Infinity;
    const { nowMs } = this.turn;
    // A process that was stopped for a while has not read what arrived meanwhile: time without looks does not count.
    const seenMs = this.#looksMs.length < LOOKS_PER_TIMEOUT - 1 ? -Infinity : (this.#looksMs.shift() ?? -Infinity);
    this.#looksMs.push(nowMs);
    const latestMs = Math.min(nowMs - idleTimeoutMs, seenMs);
    for (const connection of this.#connections) {
      if (connection.activeMs > latestMs) continue;
      connection.destroy(
        new FdmuxError('ERR_IDLE_TIMEOUT', `no byte has moved for ${idleTimeoutMs} ms (idleTimeoutMs)`),
      );
    }
  }
}
