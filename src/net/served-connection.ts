/** A served connection: bytes in by a handler, bytes out through the turn, and the states between open and closed. */
import type { Duplex } from 'node:stream';
import { inspect, type InspectOptions } from 'node:util';
import { checkString } from '../arguments.js';
import { native } from '../binding/load.js';
import { busyError, closedError, FdmuxError, hasCode, toError } from '../errors.js';
import { summary } from '../inspect.js';
import type { Registration } from '../multiplexer/registration.js';
import { type Address, decodeAddress } from '../socket/address.js';
import { SHUT_WR } from '../socket/constants.js';
import { checkDuplexOptions, type DuplexOptions } from '../socket/duplex.js';
import { errnoError } from '../socket/errno-error.js';
import { isMemoryShortageError } from '../socket/memory-shortage.js';
import type { Connection, ConnectionEvents, ConnectionSecurity, ReleasedConnection } from './connection.js';
import type { ConnectionGroup } from './connection-group.js';
import type { ConnectionTrigger } from './connection-trigger.js';
import { ConnectionDuplex } from './duplex.js';
import { callClose, callData, callError, callHandler } from './handler-calls.js';
import { watchFor } from './interest.js';
import { NO_AUDIENCE, type Writable } from './output-arena.js';
import { SecurityFacts, UNSECURED } from './security-facts.js';
import type { Turn } from './turn.js';
import type { Readiness } from './turn-driver.js';
import type { TurnMember } from './turn-member.js';
import { WriteQueue } from './write-queue.js';

/** How a connection is registered for reading. Edge mode needs reports of urgent data. */
const LEVEL_READ = { interest: 'read', trigger: 'level' } as const;
const EDGE_READ = { interest: { read: true, priority: true }, trigger: 'edge' } as const;

/** The one class behind {@link Connection}. Only the turn and the group use its members beyond the interface. */
export class ServedConnection<T> extends SecurityFacts implements Connection<T>, TurnMember {
  readonly #group: ConnectionGroup<T>;
  /**
   * The sockaddr, a character a byte: as a string it takes a third of the memory of an array, and servers hold many.
   */
  readonly #remote: string;
  #handlers: ConnectionEvents<T>;
  #registration: Registration | null = null;
  #fd: number;
  #queue: WriteQueue | null = null;
  /** Bytes that were received before the user's `pause` and are still to be handed out. */
  #held: Buffer | null = null;
  #destroyReason: Error | undefined = undefined;
  #isPaused = false;
  #readEnded = false;
  #writeEnd: 'open' | 'ending' | 'ended' = 'open';
  /** Why `drain` is due: `write` has returned false, or the kernel has not taken all. */
  #pressure: 'none' | 'full' | 'behind' = 'none';
  #hasReportedRefusal = false;

  declare data: T;
  #pendingBytes = 0;
  isDestroyed = false;
  isDirty = false;
  isStarved = false;
  rangeStart = 0;
  rangeEnd = 0;
  earlierRanges: number[] | null = null;
  audienceIndex = NO_AUDIENCE;
  /** When bytes last moved, on the turn's clock, in ms; 0 if no timeout needs it. */
  activeMs: number;
  /** The topics it is subscribed to; the group's. */
  topics: Set<string> | null = null;

  constructor(group: ConnectionGroup<T>, fd: number, remote: string) {
    super();
    this.#group = group;
    this.#handlers = group.handlers;
    this.#fd = fd;
    this.#remote = remote;
    this.activeMs = group.watchesIdle ? group.turn.nowMs : 0;
  }

  /**
   * Has the multiplexer watch the fd.
   *
   * @throws ENOSPC, ENOMEM, ERR_CLOSED; the fd is then still the caller's
   */
  register(): void {
    const { turn, isEdge } = this.#group;
    this.#registration = turn.watch(this, this.#fd, isEdge ? EDGE_READ : LEVEL_READ);
  }

  protected override get security(): ConnectionSecurity {
    return UNSECURED;
  }

  /** Calls the open handler. */
  open(): void {
    callHandler(this.#group, this.#handlers, 'open', this);
  }

  get fd(): number {
    return this.#fd;
  }

  get localAddress(): Address {
    return this.#fd < 0 ? this.#group.boundAddress : decodeAddress(native.getSockName(this.#fd));
  }

  get remoteAddress(): Address {
    return decodeAddress(Buffer.from(this.#remote, 'latin1'));
  }

  get isWritable(): boolean {
    return this.#writeEnd === 'open' && !this.isDestroyed;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get pendingBytes(): number {
    this.#group.turn.pay(this);
    return this.#pendingBytes;
  }

  get hasQueue(): boolean {
    return this.#queue !== null;
  }

  write(bytes: Writable): boolean {
    if (this.#writeEnd !== 'open' || this.isDestroyed) return this.#refuse();
    const { turn, highWaterMarkBytes, maxPendingBytes } = this.#group;
    turn.append(this, bytes);
    if (this.#pendingBytes <= highWaterMarkBytes) return true;
    if (this.#pendingBytes > maxPendingBytes) this.#enforceLimit(turn, maxPendingBytes);
    if (this.#pressure === 'none') this.#pressure = 'full';
    return false;
  }

  #refuse(): false {
    if (!this.isDestroyed && !this.#hasReportedRefusal) {
      this.#hasReportedRefusal = true;
      const error = new FdmuxError('ERR_WRITE_AFTER_END', 'write after end: the bytes were not taken');
      // Not from here: the caller is in the middle of its own work, and the handler may write, too.
      this.#group.turn.defer(() => {
        if (this.#fd >= 0) callError(this.#group, this.#handlers, this, error);
      });
    }
    return false;
  }

  /** Only bytes that the kernel does not take count, so it is asked first. */
  #enforceLimit(turn: Turn, maxPendingBytes: number): void {
    turn.flush();
    if (this.pendingBytes <= maxPendingBytes) return;
    this.destroy(
      new FdmuxError(
        'ERR_WRITE_QUEUE_FULL',
        `${this.pendingBytes} bytes wait for a peer that does not read; the limit (maxPendingBytes) is ${maxPendingBytes}`,
      ),
    );
  }

  end(bytes?: Writable): void {
    if (bytes !== undefined) this.write(bytes);
    if (this.#writeEnd !== 'open' || this.isDestroyed) return;
    const { turn } = this.#group;
    turn.leaveAudience(this);
    this.#writeEnd = 'ending';
    turn.addDirty(this);
  }

  destroy(error?: Error): void {
    if (this.isDestroyed) return;
    const { turn } = this.#group;
    turn.leaveAudience(this);
    this.isDestroyed = true;
    this.#destroyReason = error;
    turn.addDestroyed(this);
  }

  pause(): void {
    if (this.#isPaused || this.isDestroyed) return;
    this.#isPaused = true;
    this.updateInterest();
  }

  resume(): void {
    if (!this.#isPaused || this.isDestroyed) return;
    this.#isPaused = false;
    this.updateInterest();
    if (this.#held !== null) this.#group.turn.addReadable(this);
  }

  release(): ReleasedConnection {
    this.checkReleasable();
    const released = this.surrender();
    native.disownFd(released.fd);
    return released;
  }

  /** Sends the written bytes, as far as the kernel takes them. @throws as `release` */
  checkReleasable(): void {
    this.#checkAlive();
    if (this.#handlers !== this.#group.handlers) throw busyError('the connection is a Duplex, which holds bytes of it');
    this.#group.turn.flush();
    // The flush may have found out that the connection is broken.
    this.#checkAlive();
  }

  /** Gives away a connection that is releasable. Its fd stays one of this environment. */
  surrender(): ReleasedConnection {
    const { turn } = this.#group;
    const fd = this.#fd;
    const unsent = this.#queue?.takeAll() ?? Buffer.alloc(0);
    const held = Buffer.concat([this.#held ?? Buffer.alloc(0), turn.withdraw(this)]);
    this.#leave(turn);
    this.#group.closed(this);
    return { fd, unsent, held, ended: this.#writeEnd !== 'open' };
  }

  #checkAlive(): void {
    if (this.isDestroyed) throw closedError('the connection');
  }

  /** Stops being a connection, without a call of any handler. */
  #leave(turn: Turn): void {
    if (this.#registration !== null) turn.unwatch(this, this.#registration);
    turn.leaveAudience(this);
    this.isDestroyed = true;
    this.#fd = -1;
    this.#queue = null;
    this.#held = null;
    this.#pendingBytes = 0;
  }

  /**
   * Goes on with the state that another owner of the fd left: see {@link ReleasedConnection}. Calls the open handler.
   */
  takeOver(unsent: Uint8Array, held: Uint8Array, ended: boolean): void {
    // Before the handler writes.
    if (unsent.length > 0) this.#goOnSending(unsent);
    if (held.length > 0) this.#held = Buffer.from(held);
    if (ended) this.end();
    this.open();
    if (this.#held !== null && !this.#isPaused && !this.isDestroyed) this.#group.turn.addReadable(this);
  }

  /** Nothing leaves before the next wait: until then, the former owner can still go on itself. */
  #goOnSending(unsent: Uint8Array): void {
    this.accepted(unsent.length);
    if (this.#pendingBytes > this.#group.highWaterMarkBytes) this.#pressure = 'full';
    this.keep(Buffer.from(unsent), true);
  }

  subscribe(topic: string): void {
    checkString(topic, 'topic');
    if (!this.isDestroyed) this.#group.topics.subscribe(this, topic);
  }

  unsubscribe(topic: string): void {
    this.#group.topics.unsubscribe(this, topic);
  }

  toDuplex(options: DuplexOptions = {}): Duplex {
    checkDuplexOptions(options);
    if (this.#handlers !== this.#group.handlers) throw busyError('the connection is a Duplex already');
    const duplex = new ConnectionDuplex<T>(this, options);
    this.handOver(duplex.events);
    if (this.isDestroyed) duplex.destroy();
    else if (this.#readEnded) this.#callEnd();
    return duplex;
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    const { fd, remoteAddress, pendingBytes, data } = this;
    const state = fd < 0 ? 'closed' : this.isDestroyed ? 'destroyed' : this.#writeEnd;
    return summary('Connection', { fd, state, remoteAddress, pendingBytes, data }, depth, options);
  }

  // From here on: methods that the layers above, the multiplexer and the turn call.

  /** The turn whose audiences it may enter now; null if it has to be written to by itself. */
  get audienceTurn(): Turn | null {
    // A message to an audience moves bytes of its members without their knowledge.
    return this.isWritable && this.#queue === null && !this.#group.watchesIdle ? this.#group.turn : null;
  }

  /** Ends the audience that it is in, if any: from now on it is written to by itself, or not at all. */
  endAudience(): void {
    if (this.audienceIndex !== NO_AUDIENCE) this.#group.turn.endAudience();
  }

  /** Has these handlers called instead of the user's. */
  handOver(events: ConnectionEvents<T>): void {
    this.#handlers = events;
  }

  /** The listener closes. */
  listenerCloses(): void {
    if (this.#handlers.listenerCloses === undefined) this.end();
    else callHandler(this.#group, this.#handlers, 'listenerCloses', this);
  }

  /** The listener stops waiting. */
  listenerCuts(): void {
    if (this.#handlers.listenerCuts === undefined) this.destroy();
    else callHandler(this.#group, this.#handlers, 'listenerCuts', this);
  }

  /** The multiplexer says that the fd is ready. */
  ready(registration: Readiness): void {
    if (this.isDestroyed || this.isStarved) return;
    if (this.#queue !== null && registration.isWritable) this.#sendQueue(this.#queue);
    if (registration.isReadable && !this.#isPaused && !this.#readEnded) {
      this.#group.turn.addReadable(this);
    }
  }

  abandoned(error: Error): void {
    this.destroy(error);
  }

  waitFailed(error: Error): void {
    if (!this.isDestroyed) callError(this.#group, this.#handlers, this, error);
  }

  beginReceive(): boolean {
    if (this.#held !== null && !this.#isPaused) {
      const bytes = this.#held;
      this.#held = null;
      callData(this.#group, this.#handlers, this, bytes);
    }
    return !this.#isPaused && !this.#readEnded && !this.isDestroyed;
  }

  received(bytes: Buffer, mayHaveMore: boolean): void {
    if (this.isDestroyed) return;
    if (this.#group.watchesIdle) this.activeMs = this.#group.turn.nowMs;
    // Another handler of this turn paused it after the bytes had left the kernel.
    if (this.#isPaused) this.#held = Buffer.concat(this.#held === null ? [bytes] : [this.#held, bytes]);
    else callData(this.#group, this.#handlers, this, bytes);
    if (this.#group.isEdge) this.#awaitMore(mayHaveMore);
  }

  /**
   * Edge mode reports new arrivals alone. A short count means that nothing was left (epoll(7), question 9), unless
   * urgent data is there, before which a receive stops (tcp(7)); but an end of file that arrived with the bytes has
   * been reported already.
   */
  #awaitMore(mayHaveMore: boolean): void {
    if (this.isDestroyed) return;
    if (mayHaveMore || this.#registration?.isPriority === true) this.#rearm();
    else if (this.#registration?.isReadClosed === true) this.#group.turn.addReadable(this);
  }

  #rearm(): void {
    try {
      this.#registration?.rearm();
    } catch (error) {
      this.failed(toError(error));
    }
  }

  receivedEnd(): void {
    // If another handler of this turn has paused it, the end is read again after the bytes that are held.
    if (this.isDestroyed || this.#readEnded || this.#isPaused) return;
    this.#readEnded = true;
    this.#callEnd();
    this.#afterReadEnd();
  }

  #callEnd(): void {
    if (this.#handlers.end === undefined) this.end();
    else callHandler(this.#group, this.#handlers, 'end', this);
  }

  #afterReadEnd(): void {
    if (this.#writeEnd === 'ended') this.destroy();
    else this.updateInterest();
  }

  failed(error: Error): void {
    this.destroy(error);
  }

  refused(errno: number, syscall: string): void {
    const handlers = this.#handlers;
    // Vanishing peers are common and Error objects are costly, so none is made if no handler would get it.
    const isTold = handlers.error !== undefined || handlers.close !== undefined;
    this.destroy(isTold ? errnoError(errno, syscall, this.#fd) : undefined);
  }

  accepted(byteLength: number): void {
    this.#pendingBytes += byteLength;
  }

  sent(byteLength: number): void {
    this.#pendingBytes -= byteLength;
    if (byteLength > 0 && this.#group.watchesIdle) this.activeMs = this.#group.turn.nowMs;
  }

  keep(bytes: Buffer, isShared: boolean): void {
    if (this.#queue === null) {
      this.#queue = new WriteQueue();
      this.updateInterest();
    }
    if (isShared) this.#queue.pushShared(bytes);
    else this.#queue.push(bytes);
    if (this.#handlers.behind !== undefined && this.#pressure !== 'behind') this.#fallBehind();
  }

  #fallBehind(): void {
    this.#pressure = 'behind';
    this.#group.turn.defer(() => {
      if (!this.isDestroyed) callHandler(this.#group, this.#handlers, 'behind', this);
    });
  }

  #sendQueue(queue: WriteQueue): void {
    const before = queue.byteLength;
    try {
      queue.sendTo(this.#fd);
    } catch (error) {
      if (!isMemoryShortageError(error)) {
        this.failed(toError(error));
        return;
      }
      this.#group.turn.addStarved(this);
    }
    this.sent(before - queue.byteLength);
    if (queue.byteLength === 0) {
      this.#queue = null;
      this.updateInterest();
    }
    this.flushed();
  }

  flushed(): void {
    if (this.isDestroyed) return;
    if (this.#writeEnd === 'ending' && this.#pendingBytes === 0) this.#finishWriting();
    if (this.#pressure !== 'none' && this.#hasRoom) {
      this.#pressure = 'none';
      this.#group.turn.addDrained(this);
    }
  }

  get #hasRoom(): boolean {
    if (this.#pressure === 'behind') return this.#queue === null;
    return this.#pendingBytes <= this.#group.highWaterMarkBytes;
  }

  #finishWriting(): void {
    this.#writeEnd = 'ended';
    if (this.#readEnded) {
      this.destroy();
      return;
    }
    if (this.#handlers.finish !== undefined)
      this.#group.turn.defer(() => callHandler(this.#group, this.#handlers, 'finish', this));
    try {
      native.shutdown(this.#fd, SHUT_WR);
    } catch (error) {
      // ENOTCONN: the peer has reset the connection, which the next read reports better.
      if (!hasCode(error, 'ENOTCONN')) this.failed(toError(error));
    }
    this.updateInterest();
  }

  drain(): void {
    // If the user has ended or destroyed it in the meantime, there is no wait for room.
    if (this.isWritable) callHandler(this.#group, this.#handlers, 'drain', this);
  }

  sweep(): void {
    if (this.#fd < 0) return;
    this.#closeFd();
    this.#queue = null;
    this.#held = null;
    this.#pendingBytes = 0;
    this.#group.closed(this);
    const error = this.#destroyReason;
    if (this.#writeEnd === 'ended') callHandler(this.#group, this.#handlers, 'finish', this);
    if (error !== undefined) callError(this.#group, this.#handlers, this, error);
    callClose(this.#group, this.#handlers, this, error);
  }

  #closeFd(): void {
    const { turn } = this.#group;
    if (this.#registration !== null) turn.unwatch(this, this.#registration);
    const fd = this.#fd;
    this.#fd = -1;
    try {
      native.close(fd);
    } catch (error) {
      // Other code has closed it: that must be reported, and the others are closed all the same.
      turn.fail(error);
    }
  }

  /** The group has another trigger. */
  updateTrigger(trigger: ConnectionTrigger): void {
    try {
      // Also of one that waits for nothing or has been destroyed: a backend without edges takes no such registration.
      this.#registration?.modify({ trigger });
    } catch (error) {
      this.failed(toError(error));
    }
    this.updateInterest();
  }

  /** Asks the kernel for the events that are wanted now. */
  updateInterest(): void {
    const registration = this.#registration;
    if (registration === null || this.isDestroyed) return;
    const read = !this.#isPaused && !this.#readEnded && !this.isStarved;
    const write = this.#queue !== null && !this.isStarved;
    try {
      watchFor(registration, { read, write, priority: read && this.#group.isEdge });
    } catch (error) {
      this.failed(toError(error));
    }
  }
}
