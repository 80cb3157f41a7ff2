/**
 * Waiting inside the event loop: a waiter says "look now", and its owner makes the real call. A helper thread also
 * hands over the findings of its own call, since some files report an event to the first call alone.
 *
 * All waiters report to one dispatcher. It lets no exception out: one that crossed the native callback would stay
 * pending there, and every later call would fail.
 */
import { native } from '../binding/load.js';
import { outOfRange, unsupportedPlatformError } from '../errors.js';
import { environmentVariable } from '../runtime.js';
import { POLLIN } from './constants.js';
import { type Findings, NO_FINDINGS } from './findings.js';

/**
 * How an asynchronous wait meets the event loop: `'uv'`, a uv_poll_t on the epoll fd (epoll under Node.js), or
 * `'thread'`, a helper thread that blocks in the call (poll, select, and other runtimes).
 */
export type WaiterKind = 'uv' | 'thread';

/** Calls back, by the event loop, when something may be ready. */
export interface Waiter {
  /**
   * Asks for a report. A second call before the report takes account of changes.
   *
   * @param repeats whether the owner looks at every report and asks for the next one at once, until it calls
   *   {@link stop}
   */
  start(repeats?: boolean): void;
  /** Asks for no report until the next start. */
  stop(): void;
  /** Keeps the event loop alive while started. */
  ref(): void;
  unref(): void;
  /** Ends it for good. Idempotent. */
  close(): void;
}

/** How a waiter may make the real call itself. */
export interface DirectCalls {
  /** How many events the event buffer has room for; 0 if the waiter must not make the call now. */
  readonly room: () => number;
  /** How long it looks repeatedly before it blocks, in microseconds. */
  readonly spinUs: number;
}

/** For a waiter that never makes the call itself. */
export const NO_DIRECT_CALLS: DirectCalls = { room: () => 0, spinUs: 0 };

/** The receiver of reports, by the waiter's number. */
const reports = new Map<number, (found: number) => void>();

/**
 * Runs ticks and promises, as the end of a callback of the event loop does. Node.js gives no other way to it; without
 * it, each report is a callback of its own.
 */
const runTicks = ticksOf(process);

function ticksOf(node: object): (() => void) | undefined {
  const { _tickCallback }: { readonly _tickCallback?: () => void } = node;
  return _tickCallback;
}

function dispatch(waiter: number, found: number): void {
  for (let count = found; ;) {
    const receive = reports.get(waiter);
    if (receive === undefined) return;
    try {
      receive(count);
    } catch (error) {
      rethrowLater(error);
    }
    // Entering JavaScript costs as much as the rest of a short report, so a busy waiter stays.
    if (count === 0 || runTicks === undefined) return;
    try {
      runTicks();
    } catch (error) {
      // Not thrown from here: the async context of the tick would be left in place.
      native.fatalException(error);
      return;
    }
    if (!reports.has(waiter)) return;
    count = native.loopWatchNext(waiter);
    if (count === 0) return;
  }
}

/** Lets an exception of a user's handler reach `uncaughtException`, once, without unwinding the current turn. */
export function rethrowLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
  if (process.versions['bun'] !== undefined) process.nextTick(endUnlessCaught);
}

/**
 * Bun ends at an uncaught exception only when its loop rests next, and a level-triggered fd that stays ready never lets
 * it rest.
 */
function endUnlessCaught(): void {
  const isCaught = process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();
  if (!isCaught) process.exit(1);
}

/** Whether libuv's handles work in this runtime. Bun aborts on them and Deno crashes, though both export them. */
export function hasLoopWatch(): boolean {
  return process.versions['bun'] === undefined && process.versions['deno'] === undefined;
}

/**
 * Returns the kind of waiter for epoll. If none is asked for, the environment variable FDMUX_WAITER decides, then the
 * runtime.
 *
 * @throws ERR_UNSUPPORTED_PLATFORM for `'uv'` outside Node.js, ERR_OUT_OF_RANGE for anything that is not a kind
 */
export function epollWaiterKind(forced: WaiterKind | undefined): WaiterKind {
  const kind: string = forced ?? environmentVariable('FDMUX_WAITER') ?? (hasLoopWatch() ? 'uv' : 'thread');
  switch (kind) {
    case 'thread':
      return 'thread';
    case 'uv':
      if (hasLoopWatch()) return 'uv';
      throw unsupportedPlatformError("this runtime has no working uv_poll; use waiter: 'thread'");
    default:
      throw outOfRange(forced === undefined ? 'FDMUX_WAITER' : 'options.waiter', "'uv' or 'thread'", kind);
  }
}

/** Opens a waiter of the given kind that polls an epoll fd. */
export function openHintWaiter(kind: WaiterKind, epollFd: number, report: () => void, direct: DirectCalls): Waiter {
  switch (kind) {
    case 'uv':
      return new LoopWaiter(epollFd, report, direct);
    case 'thread': {
      const entry = Int32Array.of(epollFd, POLLIN);
      return new ThreadWaiter((waiter) => {
        native.waitThreadArmPoll(waiter, entry, 1);
      }, report);
    }
  }
}

/** A waiter of the addon. While a report is wanted it keeps the event loop alive, unless it is unref'd. */
abstract class NativeWaiter implements Waiter {
  /** Its number in the addon. */
  protected readonly waiter: number;
  #wanted = false;
  #keepsAlive = true;
  #closed = false;

  protected constructor(waiter: number) {
    this.waiter = waiter;
  }

  abstract start(repeats?: boolean): void;
  abstract stop(): void;

  /** Whether a report is wanted. */
  protected get wanted(): boolean {
    return this.#wanted;
  }

  protected want(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    if (this.#keepsAlive) native.waiterRef(this.waiter);
  }

  protected unwant(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    if (this.#keepsAlive) native.waiterUnref(this.waiter);
  }

  ref(): void {
    if (this.#keepsAlive) return;
    this.#keepsAlive = true;
    if (this.#wanted) native.waiterRef(this.waiter);
  }

  unref(): void {
    if (!this.#keepsAlive) return;
    this.#keepsAlive = false;
    if (this.#wanted) native.waiterUnref(this.waiter);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wanted = false;
    reports.delete(this.waiter);
    native.waiterClose(this.waiter);
  }
}

/**
 * One uv_poll_t on an epoll fd. Stopping it costs a system call and so does starting it again, and a loop of waits does
 * both each time. So `stop` only takes note, and the handle is stopped when it reports and no report is wanted.
 *
 * If the owner looks at every report, the handle may wait instead of the event loop: it then makes the real call, and
 * hands over its findings.
 */
export class LoopWaiter extends NativeWaiter {
  readonly #direct: DirectCalls;
  #running = false;
  /** How many events the handle may make the real call for. */
  #room = 0;
  #found = 0;

  constructor(epollFd: number, report: () => void, direct: DirectCalls) {
    super(native.loopWatchOpen(epollFd, dispatch));
    this.#direct = direct;
    reports.set(this.waiter, (found) => {
      if (this.wanted) {
        this.#found = found;
        report();
        this.#found = 0;
      } else {
        native.loopWatchStop(this.waiter);
        this.#running = false;
      }
    });
  }

  start(repeats = false): void {
    if (!this.#running) native.loopWatchStart(this.waiter);
    this.#running = true;
    this.want();
    this.#setRoom(repeats ? this.#direct.room() : 0);
  }

  stop(): void {
    this.unwant();
    this.#setRoom(0);
  }

  /** Takes the number of events that lie in the event buffer for the look that this waiter has just asked for. */
  takeFound(): number {
    const found = this.#found;
    this.#found = 0;
    return found;
  }

  #setRoom(room: number): void {
    if (this.#room === room) return;
    this.#room = room;
    native.loopWatchDirect(this.waiter, room, this.#direct.spinUs);
  }
}

/**
 * One helper thread that blocks in poll(2), select(2) or epoll_wait(2). It reports once per start.
 */
export class ThreadWaiter extends NativeWaiter {
  readonly #arm: (waiter: number) => void;
  /** Whether the thread may have findings that have not been taken. */
  #mayHaveFindings = false;
  #ended = false;

  /** @param arm hands the thread the fds to wait for */
  constructor(arm: (waiter: number) => void, report: () => void) {
    super(native.waitThreadOpen(dispatch));
    this.#arm = arm;
    reports.set(this.waiter, () => {
      this.#mayHaveFindings = true;
      if (!this.wanted) return;
      this.unwant();
      report();
    });
  }

  start(): void {
    this.#arm(this.waiter);
    this.want();
  }

  stop(): void {
    if (!this.wanted) return;
    this.unwant();
    native.waitThreadDisarm(this.waiter);
    this.#mayHaveFindings = true;
  }

  override close(): void {
    this.#ended = true;
    super.close();
  }

  /**
   * Takes the thread's findings since the last time, reported or not.
   *
   * @throws the error of the thread's call
   */
  takeFindings(): Findings {
    if (!this.#mayHaveFindings || this.#ended) return NO_FINDINGS;
    this.#mayHaveFindings = false;
    return native.waitThreadTake(this.waiter);
  }

  /** Takes the thread out of its call, so that the fd may be closed, and drops the findings about that fd. */
  forget(fd: number): void {
    this.stop();
    if (this.#mayHaveFindings && !this.#ended) native.waitThreadForget(this.waiter, fd);
  }
}
