/** A served fd: bytes in by a handler, bytes out at the end of the turn, and the states between open and closed. */
import { constants } from 'node:fs';
import { inspect, type InspectOptions } from 'node:util';
import { toBytes } from '../arguments.js';
import { FdmuxError, toError } from '../errors.js';
import { summary } from '../inspect.js';
import type { Registration } from '../multiplexer/registration.js';
import { POLLERR, POLLHUP } from '../readiness/constants.js';
import { O_ACCMODE } from '../socket/blocking-io.js';
import type { ByteFd } from '../socket/byte-fd.js';
import { F_GETFL } from '../socket/constants.js';
import { isMemoryShortageError, MEMORY_RETRY_MS } from '../socket/memory-shortage.js';
import { FdOutbox } from './fd-outbox.js';
import type { FdHandlers, FdStream } from './fd-stream.js';
import { callInContext } from './handler-calls.js';
import { watchFor } from './interest.js';
import type { ServeSettings } from './serve.js';
import type { Timer } from './timers.js';
import type { Turn } from './turn.js';
import type { Readiness } from './turn-driver.js';
import { type Lease, leaseTurn } from './turn-lease.js';
import type { FdOwner } from './turn-member.js';

const { O_RDONLY, O_WRONLY } = constants;
/** This many pending bytes are written without waiting for the end of the turn. */
const FULL_BYTES = 65_536;

/**
 * Free buffers to read into: a handler that runs the multiplexer itself reads into another one. None is larger than an
 * open fd needs.
 */
const free: Buffer[] = [];
/** How many open fds read up to that many bytes. */
const readers = new Map<number, number>();

function beginReads(bytes: number): void {
  readers.set(bytes, (readers.get(bytes) ?? 0) + 1);
}

/** Frees the buffers that are larger than the other open fds need. */
function endReads(bytes: number): void {
  const left = (readers.get(bytes) ?? 1) - 1;
  if (left > 0) {
    readers.set(bytes, left);
    return;
  }
  readers.delete(bytes);
  const needed = Math.max(0, ...readers.keys());
  free.splice(0, free.length, ...free.filter((buffer) => buffer.length <= needed));
}

/** The one class behind {@link FdStream}. */
export class ServedFd<T> implements FdStream<T>, FdOwner {
  readonly owner: ByteFd;
  readonly #settings: ServeSettings<T>;
  readonly #lease: Lease;
  readonly #registration: Registration;
  readonly #outbox: FdOutbox;
  /** Set while the fd says that it is ready and is not, or the kernel has no memory. */
  #rest: Timer | undefined;
  #isPaused = false;
  #readEnded: boolean;
  #writeEnd: 'open' | 'ending' | 'ended';
  #waitsForRoom = false;
  #isFlushDue = false;
  #needsDrain = false;
  #isRefusalTold = false;
  #isDestroyed = false;
  #reason: Error | undefined;

  declare data: T;

  /** @throws the errors of registering: EPERM for a file on a disk; the fd is then still open */
  constructor(owner: ByteFd, settings: ServeSettings<T>) {
    this.owner = owner;
    this.#settings = settings;
    this.#outbox = new FdOutbox(settings.preservesMessages);
    const access = owner.fcntl(F_GETFL) & O_ACCMODE;
    this.#readEnded = access === O_WRONLY;
    this.#writeEnd = access === O_RDONLY ? 'ended' : 'open';
    if (settings.data !== undefined) this.data = settings.data;
    owner.setBlocking(false);
    this.#lease = leaseTurn(settings.multiplexer, settings.backend);
    try {
      this.#registration = this.#turn.watch(this, owner.fd, { interest: 'read' });
    } catch (error) {
      this.#lease.release();
      throw error;
    }
    beginReads(settings.maxReadBytes);
    this.#updateInterest();
  }

  get #turn(): Turn {
    return this.#lease.turn;
  }

  get pendingBytes(): number {
    return this.#outbox.byteLength;
  }

  get isWritable(): boolean {
    return this.#writeEnd === 'open' && !this.#isDestroyed;
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  write(bytes: string | ArrayBufferView | ArrayBufferLike): boolean {
    const copy = typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(toBytes(bytes));
    if (!this.isWritable) return this.#refuse();
    this.#outbox.push(copy);
    const { highWaterMarkBytes, maxPendingBytes } = this.#settings;
    if (this.pendingBytes >= Math.min(FULL_BYTES, maxPendingBytes)) this.#flush();
    else this.#flushSoon();
    if (this.pendingBytes <= highWaterMarkBytes) return true;
    this.#needsDrain = true;
    if (this.pendingBytes > maxPendingBytes) {
      const reason = `${this.pendingBytes} bytes wait; the limit (maxPendingBytes) is ${maxPendingBytes}`;
      this.destroy(new FdmuxError('ERR_WRITE_QUEUE_FULL', reason));
    }
    return false;
  }

  #refuse(): false {
    if (this.#isDestroyed || this.#isRefusalTold) return false;
    this.#isRefusalTold = true;
    const error = new FdmuxError('ERR_WRITE_AFTER_END', 'the writing side is ended: the bytes were not taken');
    this.#turn.defer(() => this.#callError(error));
    return false;
  }

  end(bytes?: string | ArrayBufferView | ArrayBufferLike): void {
    if (bytes !== undefined) this.write(bytes);
    if (this.#isDestroyed || this.#writeEnd === 'ending') return;
    this.#writeEnd = this.#writeEnd === 'open' ? 'ending' : 'ended';
    this.#flushSoon();
  }

  destroy(error?: Error): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#reason = error;
    this.#turn.defer(this.#finish);
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  pause(): void {
    this.#isPaused = true;
    this.#updateInterest();
  }

  resume(): void {
    this.#isPaused = false;
    this.#updateInterest();
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    const { owner, pendingBytes, data } = this;
    const state = this.#isDestroyed ? 'destroyed' : this.#writeEnd;
    return summary('FdStream', { owner, state, pendingBytes, data }, depth, options);
  }

  // From here on: methods that the multiplexer and the turn call.

  ready(registration: Readiness): void {
    if (this.#isDestroyed) return;
    const pending = this.pendingBytes;
    let hasMoved = false;
    if (this.#waitsForRoom && registration.isWritable) {
      this.#waitsForRoom = false;
      this.#flush();
      hasMoved = this.pendingBytes < pending;
    }
    if (registration.isReadable && this.#wantsRead) hasMoved = this.#receive() || hasMoved;
    // A terminal whose other end is closed reports that for ever, though there may be nothing to do.
    const isHungUp = (registration.events & (POLLHUP | POLLERR)) !== 0;
    if (isHungUp && !hasMoved && !this.isDestroyed) this.#takeRest();
  }

  get #wantsRead(): boolean {
    return !this.#isDestroyed && !this.#isPaused && !this.#readEnded && this.#rest === undefined;
  }

  /** Reads once, so that a busy fd does not starve the others. @returns whether anything arrived, or the end */
  #receive(): boolean {
    const { maxReadBytes } = this.#settings;
    let buffer = free.pop();
    if (buffer === undefined || buffer.length < maxReadBytes) buffer = Buffer.allocUnsafeSlow(maxReadBytes);
    try {
      const count = this.owner.readInto(buffer, 0, maxReadBytes);
      if (count === null) return false;
      if (count === 0) this.#ended();
      else this.#callData(buffer.subarray(0, count));
    } catch (error) {
      this.#failed(toError(error));
    } finally {
      free.push(buffer);
    }
    return true;
  }

  #ended(): void {
    this.#readEnded = true;
    this.#updateInterest();
    if (this.#settings.handlers.end === undefined) this.end();
    else this.#callHandler('end');
    this.#settle();
  }

  #flushSoon(): void {
    if (this.#isFlushDue || this.#waitsForRoom) return;
    this.#isFlushDue = true;
    this.#turn.defer(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isDestroyed || this.#waitsForRoom) return;
    try {
      this.#waitsForRoom = !this.#outbox.writeTo((bytes) => this.owner.write(bytes));
    } catch (error) {
      this.#failed(toError(error));
    }
    this.#updateInterest();
    this.#settle();
    if (!this.#needsDrain || this.pendingBytes > this.#settings.highWaterMarkBytes) return;
    this.#needsDrain = false;
    this.#turn.defer(() => {
      if (this.isWritable) this.#callHandler('drain');
    });
  }

  /** Closes the fd if both its directions have ended. */
  #settle(): void {
    if (this.#writeEnd === 'ending' && this.pendingBytes === 0) this.#writeEnd = 'ended';
    if (this.#writeEnd === 'ended' && this.#readEnded) this.destroy();
  }

  #failed(error: Error): void {
    if (!isMemoryShortageError(error)) this.destroy(error);
    else if (!this.#isDestroyed) this.#takeRest();
  }

  #takeRest(): void {
    if (this.#rest !== undefined) return;
    try {
      this.#rest = this.#turn.after(MEMORY_RETRY_MS, () => {
        this.#rest = undefined;
        this.#updateInterest();
      });
      this.#updateInterest();
    } catch (error) {
      this.destroy(toError(error));
    }
  }

  /** Asks the kernel for the events that are wanted now. */
  #updateInterest(): void {
    if (this.#isDestroyed) return;
    const read = this.#wantsRead;
    const write = this.#waitsForRoom && this.#rest === undefined;
    try {
      watchFor(this.#registration, { read, write });
    } catch (error) {
      this.destroy(toError(error));
    }
  }

  waitFailed(error: Error): void {
    if (!this.#isDestroyed) this.#callError(error);
  }

  abandoned(error: Error): void {
    this.destroy(error);
  }

  readonly #finish = (): void => {
    this.#rest?.cancel();
    this.#outbox.clear();
    endReads(this.#settings.maxReadBytes);
    this.#turn.unwatch(this, this.#registration);
    try {
      this.owner.close();
    } catch (error) {
      // Other code has closed it: that must be reported.
      this.#turn.fail(error);
    }
    if (this.#reason !== undefined) this.#callError(this.#reason);
    this.#call((handlers) => handlers.close?.(this, this.#reason));
    this.#lease.release();
  };

  #callHandler(moment: 'drain' | 'end'): void {
    this.#call((handlers) => handlers[moment]?.(this));
  }

  #callData(bytes: Buffer): void {
    this.#call((handlers) => handlers.data?.(this, bytes));
  }

  #callError(error: Error): void {
    this.#call((handlers) => handlers.error?.(this, error));
  }

  #call(call: (handlers: FdHandlers<T>) => void): void {
    const { context, handlers } = this.#settings;
    callInContext({ context, turn: this.#turn }, call, handlers);
  }
}
