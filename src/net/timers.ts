/** Timers that go off in every form of wait, a blocking one in a worker included: timerfd_create(2). */
import { native } from '../binding/load.js';
import type { Registration } from '../multiplexer/registration.js';

/** clock_gettime(2): not set back or forth by anybody. */
const CLOCK_MONOTONIC = 1;

/** One pending call. */
export interface Timer {
  /** The call is not made. */
  cancel(): void;
}

interface Pending extends Timer {
  readonly dueMs: number;
  readonly callback: () => void;
  readonly keepsAlive: boolean;
}

/**
 * Calls back after a time, by one timerfd that is there only while something is pending. Meant for a few coarse timers
 * a server, not for one a connection. A pending timer keeps nothing alive unless it is asked to.
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
   * @param delayMs from 0 on, Infinity for never; never early
   * @param keepsAlive whether the process stays for it
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

  /** For the next one that is due. */
  #arm(): void {
    let nextMs = Infinity;
    let keepsAlive = false;
    for (const pending of this.#pending) {
      nextMs = Math.min(nextMs, pending.dueMs);
      keepsAlive ||= pending.keepsAlive;
    }
    if (keepsAlive) this.#registration?.ref();
    else this.#registration?.unref();
    // 0 disarms it, which also takes an expiration back, so none needs to be read.
    const inMs = nextMs === Infinity ? 0 : Math.max(nextMs - performance.now(), 0.001);
    native.timerFdSet(this.#fd, inMs, 0, 0);
  }

  readonly #fire = (): void => {
    const nowMs = performance.now();
    const due = [...this.#pending].filter(({ dueMs }) => dueMs <= nowMs);
    try {
      // One of them may cancel another. After one that throws, the others are still due.
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
