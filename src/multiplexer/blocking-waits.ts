/** The waits of a multiplexer that block the thread. */
import type { SignalHandling } from '../readiness/wait-options.js';
import type { BatchHandler, Dispatch } from './dispatch.js';
import { checkNoPromise } from './handler.js';
import type { RegistrationRecord } from './registration-record.js';
import type { Registry } from './registry.js';
import type { RunEnd } from './run-loop.js';

export class BlockingWaits<T> {
  readonly #registry: Registry<T>;
  readonly #dispatch: Dispatch<T>;

  constructor(registry: Registry<T>, dispatch: Dispatch<T>) {
    this.#registry = registry;
    this.#dispatch = dispatch;
  }

  /** Waits once. @param timeoutMs -1 for ever, 0 for one look, or more */
  wait(timeoutMs: number, { retryOnSignal, signalMask }: SignalHandling): readonly RegistrationRecord<T>[] {
    const dispatch = this.#dispatch;
    const deadline = timeoutMs > 0 ? performance.now() + timeoutMs : 0;
    dispatch.enter();
    try {
      // Output that was written before must leave before this blocks.
      dispatch.endTurn();
      for (let remaining = timeoutMs; ;) {
        const count = dispatch.turn(remaining, retryOnSignal, signalMask);
        this.#registry.checkOpen();
        if (dispatch.isOver || count === 0 || remaining === 0) return dispatch.batch;
        // Only stale events so far, and those of registrations with `onReady`.
        if (timeoutMs > 0) remaining = Math.max(0, deadline - performance.now());
      }
    } finally {
      dispatch.leave();
    }
  }

  /** Hands out batches until closed, aborted or interrupted. @throws the first thing that a handler throws */
  run(
    handler: BatchHandler<T>,
    { retryOnSignal, signalMask }: SignalHandling,
    signal: AbortSignal | undefined,
  ): RunEnd {
    const dispatch = this.#dispatch;
    const failures: unknown[] = [];
    dispatch.enter(failures);
    try {
      // Output that was written before must leave before this blocks.
      dispatch.endTurn();
      for (;;) {
        if (signal?.aborted === true) return 'aborted';
        const count = dispatch.turn(-1, retryOnSignal, signalMask);
        const { isOver } = dispatch;
        if (isOver && !this.#registry.closed) checkNoPromise(dispatch.hand(handler), 'handler');
        if (failures.length > 0) throw failures[0];
        if (this.#registry.closed) return 'closed';
        if (!isOver && count === 0) return 'interrupted';
      }
    } finally {
      dispatch.leave();
    }
  }
}
