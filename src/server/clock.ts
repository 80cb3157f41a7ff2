/** The clocks and timers of a server. */

/** A call that will be made. */
export interface Alarm {
  /** Takes it back. Does nothing if the call has been made. */
  cancel(): void;
}

/** Reads the time, and calls back after a delay. */
export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs: () => number;
  /** Calls back once. It does not keep the process alive. */
  after(delayMs: number, callback: () => void): Alarm;
  /** Calls back once, when the loop has read what has arrived. */
  soon(callback: () => void): Alarm;
}

/** The clock of this machine, and the timers of this event loop. */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs).unref();
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
  soon: (callback) => {
    const immediate = setImmediate(callback);
    return {
      cancel: () => {
        clearImmediate(immediate);
      },
    };
  },
};
