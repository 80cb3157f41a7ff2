/** Helper threads for waits that come one at a time and belong to no object: select() and poll(). */
import { AsyncWait } from './async-wait.js';
import { ThreadWaiter } from './waiter.js';

/** What a single wait does with its thread. */
export interface ThreadJob<Result> {
  /** Hands the thread what to wait for. */
  readonly arm: (waiter: number) => void;
  /** Makes the real call with a timeout of zero. @returns undefined where there is nothing to report */
  readonly look: () => Result | undefined;
  /** What the wait gives when its time is up. */
  readonly nothing: () => Result;
}

/** A thread that has nothing to do costs a stack; starting one costs as much as some hundred system calls. */
const MAX_IDLE_THREADS = 4;

/** How long a thread waits for its next job. */
const IDLE_MS = 1_000;

interface PooledThread {
  readonly waiter: ThreadWaiter;
  arm: (waiter: number) => void;
  report: () => void;
}

const idleThreads: PooledThread[] = [];
let idleTimer: NodeJS.Timeout | undefined;

const doNothing = () => undefined;

function takeThread(): PooledThread {
  const idle = idleThreads.pop();
  if (idle !== undefined) return idle;
  const thread: PooledThread = {
    waiter: new ThreadWaiter(
      (waiter) => {
        thread.arm(waiter);
      },
      () => {
        thread.report();
      },
    ),
    arm: doNothing,
    report: doNothing,
  };
  return thread;
}

function giveBack(thread: PooledThread): void {
  thread.waiter.stop();
  thread.arm = doNothing;
  thread.report = doNothing;
  if (idleThreads.length >= MAX_IDLE_THREADS) {
    thread.waiter.close();
    return;
  }
  idleThreads.push(thread);
  if (idleTimer === undefined) idleTimer = setTimeout(closeIdleThreads, IDLE_MS).unref();
  else idleTimer.refresh();
}

function closeIdleThreads(): void {
  for (const thread of idleThreads.splice(0)) thread.waiter.close();
}

/** Waits once, on a thread of the pool. */
export function oneThreadWait<Result>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  job: ThreadJob<Result>,
): Promise<Result> {
  let thread: PooledThread | undefined;
  let hasLooked = false;
  const wait = new AsyncWait<Result>({
    start: () => {
      // A look costs less than waking a thread.
      if (!hasLooked) {
        hasLooked = true;
        wait.lookSoon();
        return;
      }
      if (thread === undefined) {
        thread = takeThread();
        thread.arm = job.arm;
        thread.report = wait.report;
      }
      thread.waiter.start();
    },
    stop: () => {
      if (thread !== undefined) giveBack(thread);
      thread = undefined;
    },
    look: job.look,
    nothing: job.nothing,
  });
  return wait.wait(timeoutMs, signal);
}
