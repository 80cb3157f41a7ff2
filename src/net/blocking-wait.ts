/** What a call of a socket waits for before it is made again. */
import { native } from '../binding.js';
import { blockingCall, blocksInSlices } from '../readiness/blocking-call.js';
import { EPOLLEXCLUSIVE, EPOLLIN, POLLIN } from '../readiness/constants.js';
import { EPOLL_CTL_ADD } from '../readiness/epoll.js';
import { eventWords, waitForEvents } from '../readiness/event-buffer.js';

const NOTHING = new Int32Array(0);
const MAX_PAUSE_MS = 20;

/** When a call has to be over, and how it waits until then. */
export class BlockingWait {
  readonly #timeoutMs: number;
  readonly #deadlineMs: number;
  #pauseMs = 0;

  /** @param timeoutMs from now on; -1 for ever */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#deadlineMs = timeoutMs < 0 ? Infinity : performance.now() + timeoutMs;
  }

  /** The timeout that it was made with. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /**
   * Waits for one fd in poll(2).
   *
   * @param events POLLIN or POLLOUT
   * @returns false when the time is up
   */
  forReadiness(fd: number, events: number): boolean {
    for (;;) {
      const leftMs = this.#leftMs();
      const count = blockingCall(leftMs, (slice) => native.poll(Int32Array.of(fd, events, 0), 1, slice, true, null));
      if (count > 0) return true;
      if (leftMs >= 0) return false;
    }
  }

  /**
   * Waits until a listening socket has a connection. Where several threads wait for one socket, one of them is woken, as by
   * accept(2) itself, and unlike by poll(2).
   *
   * @returns false when the time is up
   * @throws EMFILE, ENFILE, ENOSPC, ENOMEM
   */
  forConnection(fd: number): boolean {
    // Where no other thread is likely to wait for it, no fd is spent on that.
    if (!blocksInSlices) return this.forReadiness(fd, POLLIN);
    const epollFd = native.epollCreate();
    try {
      native.epollCtl(epollFd, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE, fd, 0);
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
   * Sleeps for a moment, longer each time: for what the kernel tells nobody about, such as room in the queue of another's
   * datagram socket.
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

  #leftMs(): number {
    return this.#deadlineMs === Infinity ? -1 : Math.max(0, this.#deadlineMs - performance.now());
  }
}

/** Whether a call waits here, in slices, rather than in the kernel: with a timeout, and in a worker, which can be terminated then. */
export function waitsHere(timeoutMs: number): boolean {
  return timeoutMs > 0 || (timeoutMs < 0 && blocksInSlices);
}
