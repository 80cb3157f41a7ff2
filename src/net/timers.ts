/** Timers that fire in every form of wait, including one that blocks in a worker: timerfd_create(2). */
import { native } from '../binding/load.js';
import type { Registration } from '../multiplexer/registration.js';

/** clock_gettime(2): this clock cannot be set. */
const CLOCK_MONOTONIC = 1;

/** One pending call. */
export interface Timer {
  /** Prevents the call. */
  cancel(): void;
}

interface Pending extends Timer {
  readonly dueMs: number;
  readonly callback: () => void;
  readonly keepsAlive: boolean;
}

/**
 * Calls back after a delay. One timerfd serves all timers, and exists only while one is pending. Meant for a few coarse
 * timers per server, not for one per connection. A pending timer does not keep the process alive unless asked to.
 */
export class Timers {
  readonly #watch: (fd: number, onReady: () => void) => Registration;
  readonly #pending = new Set<Pending>();
  #fd = -1;
  #registration: Registration | undefined;

  /** @param watch registers an fd for reading, level-triggered */
  constructor(watch: (fd: number, onReady: () => void) => Registration) {
    this.#watch = watch;
  }

  /**
   * @param delayMs at least 0; Infinity means never. The call is never early
   * @param keepsAlive whether the process stays alive until the call
   * @throws EMFILE, ENFILE, ENOMEM
   */
  after(delayMs: number, callback: () => void, keepsAlive = false): Timer {
    this.#open();
    const pending: Pending = {
      dueMs: performance.now() + delayMs,
      callback,
      keepsAlive,
      cancel: () => {
        if (this.#pending.delete(pending)) this.#closeUnused();
      },
    };
    this.#pending.add(pending);
    this.#arm();
    return pending;
  }

  #open(): void {
    if (this.#fd >= 0) return;
    const fd = native.timerFd(CLOCK_MONOTONIC);
    try {
      this.#registration = this.#watch(fd, this.#fire);
      this.#registration.unref();
    } catch (error) {
      native.close(fd);
      throw error;
    }
    this.#fd = fd;
  }

  /** Sets the timerfd to the earliest pending timer. */
  #arm(): void {
    let nextMs = Infinity;
    let keepsAlive = false;
    for (const pending of this.#pending) {
      nextMs = Math.min(nextMs, pending.dueMs);
      keepsAlive ||= pending.keepsAlive;
    }
    if (keepsAlive) this.#registration?.ref();
    else this.#registration?.unref();
    // 0 disarms the timerfd, which also clears an expiration, so nothing needs to read it.
    const inMs = nextMs === Infinity ? 0 : Math.max(nextMs - performance.now(), 0.001);
    native.timerFdSet(this.#fd, inMs, 0, 0);
  }

  readonly #fire = (): void => {
    const nowMs = performance.now();
    const due = [...this.#pending].filter(({ dueMs }) => dueMs <= nowMs);
    try {
      // One callback may cancel another. If one throws, the others stay pending and are due at once.
      for (const pending of due) if (this.#pending.delete(pending)) pending.callback();
    } finally {
      this.#closeUnused();
      if (this.#fd >= 0) this.#arm();
    }
  };

  #closeUnused(): void {
    if (this.#fd < 0 || this.#pending.size > 0) return;
    this.#registration?.unregister();
    this.#registration = undefined;
    native.close(this.#fd);
    this.#fd = -1;
  }
}
