/** The direct waits of this thread, which the event loop does not know to be waits. */
import { native } from '../binding/load.js';

/** Sums since the thread began. */
export interface DirectWaitTotals {
  readonly count: number;
  readonly ms: number;
  /** The looks that were made before one of them blocked, see `spinUs` in the options of a multiplexer. */
  readonly spins: number;
}

/**
 * Returns how many waits multiplexers of this thread have made instead of the event loop, and how long they have taken.
 * `performance.eventLoopUtilization()` counts that time as active.
 */
export function directWaitTotals(): DirectWaitTotals {
  return { count: native.directWaitCount(), ms: native.directWaitMs(), spins: native.directWaitSpins() };
}
