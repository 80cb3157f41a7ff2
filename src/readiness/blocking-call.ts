/** Blocking calls that do not prevent the end of their thread. */
import { isWorker } from '../binding/load.js';

/**
 * `worker.terminate()` takes effect only when JavaScript runs, and so does the end of the process while a worker lives:
 * a worker that blocked in one system call for ever would hold up both for ever. So it wakes this often.
 */
const SLICE_MS = 200;

/** Whether this thread must wake periodically. */
export const blocksInSlices = isWorker;

/**
 * Makes a call that blocks for up to `timeoutMs`; in a worker, in slices.
 *
 * @param timeoutMs -1 for ever, or at least 0
 * @param call returns 0 when its time is up or a signal has arrived
 */
export function blockingCall(timeoutMs: number, call: (timeoutMs: number) => number): number {
  return !blocksInSlices || timeoutMs === 0 ? call(timeoutMs) : callInSlices(timeoutMs, call);
}

function callInSlices(timeoutMs: number, call: (timeoutMs: number) => number): number {
  const deadline = timeoutMs < 0 ? Infinity : performance.now() + timeoutMs;
  for (;;) {
    const start = performance.now();
    const slice = Math.min(SLICE_MS, Math.max(0, deadline - start));
    const count = call(slice);
    if (count !== 0) return count;
    const now = performance.now();
    // It returned early: a signal.
    if (now >= deadline || now - start < slice) return 0;
  }
}
