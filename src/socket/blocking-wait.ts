/** The waits between two attempts of one call on a socket. */
import { native } from '../binding/load.js';
import { hasCode, systemError } from '../errors.js';
import { blockingCall, blocksInSlices } from '../readiness/blocking-call.js';
import { EPOLLEXCLUSIVE, EPOLLIN, POLLIN } from '../readiness/constants.js';
import { EPOLL_CTL_ADD } from '../readiness/epoll.js';
import { eventWords, waitForEvents } from '../readiness/event-buffer.js';
import { SO_RCVTIMEO, SO_SNDTIMEO, SOL_SOCKET } from './constants.js';

const NOTHING = new Int32Array(0);
const MAX_PAUSE_MS = 20;
/** The size of a `struct timeval` with 64 bits for each part. */
const TIMEVAL_BYTES = 16;

/** The deadline of a call, and its waits until then. */
export class BlockingWait {
  readonly #fd: number;
  readonly #events: number;
  readonly #timeoutMs: number;
  /** `undefined` until it is known whether the kernel has a timeout of its own. */
  #deadlineMs: number | undefined;
  #pauseMs = 0;

  /**
   * @param fd the fd that the call is made on
   * @param events the event that it waits for: POLLIN or POLLOUT
   * @param timeoutMs from now on, or Infinity; -1 for ever, or for as long as `SO_RCVTIMEO` or `SO_SNDTIMEO` says,
   *   starting at the first wait
   */
  constructor(fd: number, events: number, timeoutMs: number) {
    this.#fd = fd;
    this.#events = events;
    this.#timeoutMs = timeoutMs;
    if (timeoutMs >= 0) this.#deadlineMs = performance.now() + timeoutMs;
  }

  /**
   * Waits in poll(2) until the call can proceed.
   *
   * @returns false when the time is up
   */
  forReadiness(): boolean {
    const entry = Int32Array.of(this.#fd, this.#events, 0);
    for (;;) {
      const leftMs = this.#leftMs();
      if (blockingCall(leftMs, (slice) => native.poll(entry, 1, slice, true, null)) > 0) return true;
      if (leftMs >= 0) return false;
    }
  }

  /**
   * Waits until a listening socket has a connection. If several threads wait for one socket, one of them is woken,
   * as by accept(2) itself, and unlike by poll(2).
   *
   * @returns false when the time is up
   * @throws EMFILE, ENFILE, ENOSPC, ENOMEM
   */
  forConnection(): boolean {
    // If no other thread is likely to wait for it, no fd is spent on that.
    if (!blocksInSlices) return this.forReadiness();
    const epollFd = native.epollCreate();
    try {
      native.epollCtl(epollFd, EPOLL_CTL_ADD, this.#fd, EPOLLIN | EPOLLEXCLUSIVE, this.#fd, 0);
      for (;;) {
        const leftMs = this.#leftMs();
        eventWords(1);
        if (blockingCall(leftMs, (slice) => waitForEvents(epollFd, 1, slice, true, null)) > 0) return true;
        if (leftMs >= 0) return false;
      }
    } finally {
      native.close(epollFd);
    }
  }

  /**
   * Sleeps for a moment, longer each time: for changes that the kernel does not report, such as room in the queue of
   * another process's datagram socket.
   *
   * @returns false when the time is up
   */
  pause(): boolean {
    const leftMs = this.#leftMs();
    if (leftMs === 0) return false;
    this.#pauseMs = Math.min(2 * this.#pauseMs + 1, MAX_PAUSE_MS);
    native.poll(NOTHING, 0, leftMs < 0 ? this.#pauseMs : Math.min(this.#pauseMs, leftMs), true, null);
    return true;
  }

  /**
   * Ends a call whose time is up. At the kernel's own timeout the call reports would-block, as the kernel itself does.
   *
   * @throws ETIMEDOUT at the timeout that it was made with
   */
  expire(syscall: string): null {
    if (this.isKernels) return null;
    throw systemError('ETIMEDOUT', syscall, `timed out after ${this.#timeoutMs} ms`, this.#fd);
  }

  /** Whether the expired time is the one that the socket's options set. */
  get isKernels(): boolean {
    return this.#timeoutMs < 0;
  }

  #leftMs(): number {
    this.#deadlineMs ??= performance.now() + kernelTimeoutMs(this.#fd, this.#events);
    return this.#deadlineMs === Infinity ? -1 : Math.max(0, this.#deadlineMs - performance.now());
  }
}

/**
 * Whether a call waits here, in slices, rather than in the kernel: with a timeout, and in a worker, which can be
 * terminated then.
 */
export function waitsHere(timeoutMs: number): boolean {
  return timeoutMs > 0 || (timeoutMs < 0 && blocksInSlices);
}

/**
 * How long the kernel itself would wait: socket(7), SO_RCVTIMEO. Infinity for ever, and for an fd that is no socket.
 */
function kernelTimeoutMs(fd: number, events: number): number {
  try {
    const option = (events & POLLIN) === 0 ? SO_SNDTIMEO : SO_RCVTIMEO;
    const { buffer, byteOffset, byteLength } = native.getSockOptBytes(fd, SOL_SOCKET, option, TIMEVAL_BYTES);
    const view = new DataView(buffer, byteOffset, byteLength);
    const half = byteLength / 2;
    const [seconds, microseconds] =
      byteLength === TIMEVAL_BYTES
        ? [Number(view.getBigInt64(0, true)), Number(view.getBigInt64(half, true))]
        : [view.getInt32(0, true), view.getInt32(half, true)];
    const timeoutMs = seconds * 1000 + microseconds / 1000;
    return timeoutMs === 0 ? Infinity : timeoutMs;
  } catch (error) {
    if (hasCode(error, 'ENOTSOCK')) return Infinity;
    throw error;
  }
}
