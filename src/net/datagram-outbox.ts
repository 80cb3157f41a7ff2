/** The sending half of a datagram socket: a bounded queue that leaves at the end of the turn. */
import { WOULD_BLOCK } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { FdmuxError, hasCode, toError } from '../errors.js';
import { isMemoryShortageError, MEMORY_RETRY_MS } from '../socket/memory-shortage.js';
import type { DatagramError } from './datagram.js';
import { isFatalError } from './datagram-errors.js';
import { DatagramQueue, type QueuedDatagram } from './datagram-queue.js';
import type { Timer } from './timers.js';
import type { Turn } from './turn.js';

/** So many messages are sent without waiting for the end of the turn. */
const FULL_BATCH_MESSAGES = 256;
/** When a unix receiver that has no room is asked again: nobody reports its room to a socket that is not connected. */
const ROOM_RETRY_MS = 5;
/**
 * The errors that a connected inet socket reports in place of sending, since an ICMP message about an earlier datagram
 * has arrived: udp(7).
 */
const ICMP_CODES = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EPROTO', 'ENOPROTOOPT'];

/** What the sending half needs of its socket. */
export interface OutboxOwner {
  readonly fd: number;
  readonly turn: Turn;
  readonly highWaterMarkBytes: number;
  readonly maxPendingBytes: number;
  /** A datagram failed. */
  report(error: DatagramError, message: QueuedDatagram | undefined): void;
  /** Sending will always fail. */
  broken(error: Error): void;
  /** There is room again. */
  drained(): void;
  /** `waitsForRoom` has changed. */
  updateInterest(): void;
}

/** Sends messages in order. */
export class DatagramOutbox {
  readonly #owner: OutboxOwner;
  /** Whether the socket counts as writable only when its receiver has room. */
  readonly #reportsRoom: boolean;
  /** Whether an error may be about an earlier datagram. */
  readonly #hasLateErrors: boolean;
  readonly #queue = new DatagramQueue();
  #retry: Timer | undefined;
  #isFlushDue = false;
  #needsDrain = false;
  #isDropping = false;
  /** The message that was held up by an error about an earlier one. */
  #retried: QueuedDatagram | undefined;
  droppedMessages = 0;
  /** Whether the fd has to be writable before more is sent. */
  waitsForRoom = false;

  constructor(owner: OutboxOwner, isUnix: boolean, isConnected: boolean) {
    this.#owner = owner;
    this.#reportsRoom = !isUnix || isConnected;
    this.#hasLateErrors = !isUnix && isConnected;
  }

  get pendingBytes(): number {
    return this.#queue.pendingBytes;
  }

  /** @returns whether the sender may go on: see `DatagramSocket.send` */
  push(message: QueuedDatagram): boolean {
    const { highWaterMarkBytes, maxPendingBytes } = this.#owner;
    // The limit is about what the kernel does not take, so it is asked first.
    if (this.#queue.pendingBytes >= maxPendingBytes) this.flush();
    if (this.#queue.pendingBytes >= maxPendingBytes && this.#queue.length > 0) {
      this.#drop();
      return false;
    }
    this.#queue.push(message);
    if (this.#queue.length >= FULL_BATCH_MESSAGES) this.flush();
    if (this.#queue.length > 0) this.#flushSoon();
    if (this.#queue.pendingBytes <= highWaterMarkBytes) return true;
    this.#needsDrain = true;
    return false;
  }

  #drop(): void {
    this.#needsDrain = true;
    this.droppedMessages += 1;
    if (this.#isDropping) return;
    this.#isDropping = true;
    const reason = `messages are dropped: ${this.#queue.pendingBytes} bytes wait (maxPendingBytes)`;
    this.#owner.report(new FdmuxError('ERR_WRITE_QUEUE_FULL', reason), undefined);
  }

  #flushSoon(): void {
    if (this.#isFlushDue || this.#isBlocked) return;
    this.#isFlushDue = true;
    this.#owner.turn.defer(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }

  get #isBlocked(): boolean {
    return this.waitsForRoom || this.#retry !== undefined;
  }

  /** The fd is writable. */
  writable(): void {
    if (!this.waitsForRoom) return;
    this.waitsForRoom = false;
    this.flush();
    this.#owner.updateInterest();
  }

  /** Sends what the kernel takes. */
  flush(): void {
    while (this.#queue.length > 0 && !this.#isBlocked) {
      try {
        const sent = this.#queue.send(native, this.#owner.fd);
        if (sent === WOULD_BLOCK) this.#block();
        else this.#queue.drop(sent);
      } catch (error) {
        this.#failed(toError(error));
      }
    }
    if (!this.#needsDrain || this.#queue.pendingBytes > this.#owner.highWaterMarkBytes) return;
    this.#needsDrain = false;
    this.#isDropping = false;
    this.#owner.drained();
  }

  #block(): void {
    if (this.#reportsRoom) {
      this.waitsForRoom = true;
      this.#owner.updateInterest();
    } else {
      this.#retryAfter(ROOM_RETRY_MS);
    }
  }

  #failed(error: Error): void {
    if (isMemoryShortageError(error)) {
      this.#retryAfter(MEMORY_RETRY_MS);
      return;
    }
    if (isFatalError(error)) {
      this.clear();
      this.#owner.broken(error);
      return;
    }
    const message = this.#queue.head;
    const isLate = this.#hasLateErrors && ICMP_CODES.some((code) => hasCode(error, code));
    if (isLate && this.#retried !== message) {
      this.#retried = message;
      this.#owner.report(error, undefined);
      return;
    }
    this.#queue.drop(1);
    this.#owner.report(error, message);
  }

  #retryAfter(delayMs: number): void {
    try {
      this.#retry = this.#owner.turn.after(delayMs, () => {
        this.#retry = undefined;
        this.flush();
      });
    } catch (error) {
      // Without a timer nobody would ask again.
      this.clear();
      this.#owner.broken(toError(error));
    }
  }

  /** Drops everything. */
  clear(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.waitsForRoom = false;
    this.#queue.clear();
  }
}
