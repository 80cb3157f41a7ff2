/** The sending half of a datagram socket: a bounded queue that leaves at the end of the turn. */
import { constants } from 'node:os';
import type { RawAddress } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { FdmuxError, hasCode, toError } from '../errors.js';
import type { RawControl } from '../socket/control-message.js';
import { errnoError } from '../socket/errno-error.js';
import { isMemoryShortage, MEMORY_RETRY_MS } from '../socket/memory-shortage.js';
import type { DatagramError } from './datagram.js';
import { isFatalError } from './datagram-errors.js';
import { DatagramQueue } from './datagram-queue.js';
import type { Timer } from './timers.js';
import type { Turn } from './turn.js';

/** This many messages are sent without waiting for the end of the turn. */
const FULL_BATCH_MESSAGES = 256;
/**
 * When a unix receiver that has no room is tried again: the kernel does not report its room to an unconnected socket.
 */
const ROOM_RETRY_MS = 5;
/**
 * The errors that a connected inet socket reports instead of sending, because an ICMP message about an earlier datagram
 * has arrived: udp(7).
 */
const { EAGAIN, EINVAL, EIO, EMSGSIZE, EOPNOTSUPP } = constants.errno;
const ICMP_CODES = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EPROTO', 'ENOPROTOOPT'];

/** The sending half's view of its socket. */
export interface OutboxOwner {
  readonly fd: number;
  readonly turn: Turn;
  readonly highWaterMarkBytes: number;
  readonly maxPendingBytes: number;
  /** A datagram failed. @param address its recipient; null if that is not known */
  report(error: DatagramError, address: RawAddress | null): void;
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
  /** The number of the message that was held up by an error about an earlier one. */
  #retried = -1;
  /** Whether the kernel splits one message into similar ones. */
  #segments: boolean;
  droppedMessages = 0;
  /** Whether the fd has to be writable before more is sent. */
  waitsForRoom = false;

  /** @param isUdp whether the socket speaks UDP */
  constructor(owner: OutboxOwner, isUnix: boolean, isConnected: boolean, isUdp: boolean) {
    this.#owner = owner;
    this.#reportsRoom = !isUnix || isConnected;
    this.#hasLateErrors = !isUnix && isConnected;
    this.#segments = isUdp;
  }

  get pendingBytes(): number {
    return this.#queue.pendingBytes;
  }

  /** @returns whether the sender may go on: see `DatagramSocket.send` */
  push(content: string | Uint8Array, address: RawAddress | null, control: readonly RawControl[] | undefined): boolean {
    const { highWaterMarkBytes, maxPendingBytes } = this.#owner;
    // Only bytes that the kernel does not take count, so it is asked first.
    if (this.#queue.pendingBytes >= maxPendingBytes) this.flush();
    if (this.#queue.pendingBytes >= maxPendingBytes && this.#queue.length > 0) {
      this.#drop();
      return false;
    }
    this.#queue.push(content, address, control);
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
    this.#owner.report(new FdmuxError('ERR_WRITE_QUEUE_FULL', reason), null);
  }

  #flushSoon(): void {
    if (this.#isFlushDue || this.#isBlocked) return;
    this.#isFlushDue = true;
    this.#owner.turn.defer(this.#flushNow);
  }

  readonly #flushNow = (): void => {
    this.#isFlushDue = false;
    this.flush();
  };

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

  /** Sends as much as the kernel takes. */
  flush(): void {
    while (this.#queue.length > 0 && !this.#isBlocked) {
      const sent = this.#send();
      if (sent > 0) this.#queue.drop(sent);
      else if (sent === -EAGAIN) this.#block();
      else this.#failed(-sent);
    }
    if (!this.#needsDrain || this.#queue.pendingBytes > this.#owner.highWaterMarkBytes) return;
    this.#needsDrain = false;
    this.#isDropping = false;
    this.#owner.drained();
  }

  /** @returns as the queue's send, or 1 for a message that can never be sent */
  #send(): number {
    try {
      return this.#queue.send(native, this.#owner.fd, this.#segments);
    } catch (error) {
      this.#owner.report(toError(error), this.#queue.headAddress);
      return 1;
    }
  }

  #block(): void {
    if (this.#reportsRoom) {
      this.waitsForRoom = true;
      this.#owner.updateInterest();
    } else {
      this.#retryAfter(ROOM_RETRY_MS);
    }
  }

  #failed(errno: number): void {
    if (this.#segments && this.#queue.beginsWithRun && isAboutSegments(errno)) {
      this.#segments = false;
      return;
    }
    if (isMemoryShortage(errno)) {
      this.#retryAfter(MEMORY_RETRY_MS);
      return;
    }
    const error = errnoError(errno, 'sendmmsg', this.#owner.fd);
    if (isFatalError(error)) {
      this.clear();
      this.#owner.broken(error);
      return;
    }
    const { headNumber, headAddress } = this.#queue;
    const isLate = this.#hasLateErrors && ICMP_CODES.some((code) => hasCode(error, code));
    if (isLate && this.#retried !== headNumber) {
      this.#retried = headNumber;
      this.#owner.report(error, null);
      return;
    }
    this.#queue.drop(1);
    this.#owner.report(error, headAddress);
  }

  #retryAfter(delayMs: number): void {
    try {
      this.#retry = this.#owner.turn.after(delayMs, () => {
        this.#retry = undefined;
        this.flush();
      });
    } catch (error) {
      // Without a timer there would be no next attempt.
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

/**
 * Whether the kernel has no UDP_SEGMENT, or not for this way out: without it, each message is sent as it is. EMSGSIZE
 * is the answer of Linux 6.14 or later if a packet has no room for a segment, which was EINVAL before.
 */
function isAboutSegments(errno: number): boolean {
  return errno === EINVAL || errno === EIO || errno === EMSGSIZE || errno === EOPNOTSUPP;
}
