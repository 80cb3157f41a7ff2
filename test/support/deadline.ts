import type { EventEmitter } from 'node:events';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * How long a test waits for an expected event before it fails; generous, since two suites may share two cores. A tool
 * that makes every process slow (a sanitizer) sets more.
 */
export const DEADLINE_MS = Number(process.env['FDMUX_DEADLINE_MS'] ?? 10_000);

/** An awaited event did not happen in time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/**
 * Returns the result of `promise`, or fails when it takes longer than the deadline.
 *
 * @param what the awaited thing, for the message
 */
export async function within<T>(promise: Promise<T>, what: string, deadlineMs = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what}: nothing after ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits until `condition` holds, for conditions that no event announces: it looks on every turn of the event loop at
 * first, then every 5 ms.
 *
 * @param what the condition in words, for the message; a function is asked at the deadline
 */
export async function until(
  condition: () => boolean,
  what: string | (() => string),
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (let looks = 0; !condition(); looks++) {
    if (performance.now() > deadline) throw new DeadlineError(typeof what === 'string' ? what : what());
    await (looks < 10 ? new Promise((resolve) => setImmediate(resolve)) : delay(5));
  }
}

/** The arguments of the next `event`, within the deadline. An 'error' event in the meantime rejects. */
export function nextEvent(emitter: EventEmitter, event: string, deadlineMs = DEADLINE_MS): Promise<unknown[]> {
  const abort = new AbortController();
  const next: Promise<unknown[]> = once(emitter, event, { signal: abort.signal });
  return within(next, `event '${event}'`, deadlineMs).finally(() => abort.abort());
}
