import { afterEach, beforeEach } from 'vitest';
import { within } from '../support/deadline.js';

/** Collects what the waiters of this environment report. To be called once, at the top of a test file. */
export function useReports() {
  let pending: number[] = [];
  let listener: ((waiter: number) => void) | undefined;
  let wake: (() => void) | undefined;
  const dispatch = (waiter: number): void => {
    pending.push(waiter);
    listener?.(waiter);
    wake?.();
  };
  const reset = (): void => {
    pending = [];
    listener = undefined;
    wake = undefined;
  };
  beforeEach(reset);
  afterEach(reset);
  return {
    /** The arguments that open a waiter. */
    dispatch,
    /** The next report. */
    async next(): Promise<number> {
      for (;;) {
        const waiter = pending.shift();
        if (waiter !== undefined) return waiter;
        await within(new Promise<void>((resolve) => (wake = resolve)), 'a report');
      }
    },
    /** How many reports nobody has taken. */
    get waiting(): number {
      return pending.length;
    },
    clear(): void {
      pending = [];
    },
    /** Called within each report. */
    onReport(callback: (waiter: number) => void): void {
      listener = callback;
    },
  };
}
