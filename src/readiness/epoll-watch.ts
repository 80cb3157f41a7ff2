/**
 * How asynchronous waits on one epoll instance meet the event loop.
 *
 * Usually by a hint: something polls the epoll fd, and the wait then makes the real call. But polling an epoll fd polls
 * the ready fds in it, and polling some files consumes the event (see `mayLoseEvents` in the binding): only the hint
 * would be left of it. Once an instance has such a file, a helper thread makes the real call and hands over its answer.
 */
import { native } from '../binding/load.js';
import { FINDING_WORDS, type Findings } from './findings.js';
import {
  type DirectCalls,
  LoopWaiter,
  NO_DIRECT_CALLS,
  openHintWaiter,
  ThreadWaiter,
  type Waiter,
  type WaiterKind,
} from './waiter.js';

/**
 * The data under which an instance watches a helper's eventfd or the event loop's epoll fd: no fd has that number. See
 * native/wait_thread.cc and native/loop_watch.cc.
 */
export const CALL_OUT_DATA = 0xffff_fffe;

/** The layout of findings in memory; see {@link EventLayout}. */
export const FINDING_LAYOUT = { strideWords: FINDING_WORDS, dataWord: 1 } as const;

const NOTHING = new Uint32Array(0);

/** Keeps whether the instance may lose events, with the findings of the helper thread. */
export class EpollWatch {
  readonly #kind: WaiterKind;
  readonly #epollFd: number;
  readonly #maxEvents: () => number;
  readonly #direct: DirectCalls;
  #mayLoseEvents: boolean;
  #waiter: EpollWaiter | undefined;
  /** Events that were found, for which no wait has had room yet. */
  #left: Uint32Array = NOTHING;

  /**
   * @param mayLoseEvents whether the instance may have such a file already
   * @param maxEvents how many events the next wait has room for
   * @param direct how the event loop's handle may make the real call; by default it never may
   */
  constructor(
    kind: WaiterKind,
    epollFd: number,
    mayLoseEvents: boolean,
    maxEvents: () => number,
    direct = NO_DIRECT_CALLS,
  ) {
    this.#kind = kind;
    this.#epollFd = epollFd;
    this.#mayLoseEvents = mayLoseEvents;
    this.#maxEvents = maxEvents;
    this.#direct = direct;
  }

  /** Whether a helper thread makes the real call. Once true, it stays true. */
  get mayLoseEvents(): boolean {
    return this.#mayLoseEvents;
  }

  /** Call it before an fd is added. If that may lose events, nothing polls the epoll fd from then on. */
  expect(fd: number): void {
    if (this.#mayLoseEvents || !native.mayLoseEvents(fd)) return;
    this.#mayLoseEvents = true;
    this.#waiter?.replace(this.#openThread);
  }

  /** Drops the findings about an fd that was removed. */
  forget(fd: number): void {
    if (!this.#mayLoseEvents) return;
    this.#waiter?.forget(fd);
    this.#left = without(this.#left, fd);
  }

  openWaiter(report: () => void): Waiter {
    const open = this.#mayLoseEvents
      ? this.#openThread
      : () => openHintWaiter(this.#kind, this.#epollFd, report, this.#direct);
    this.#waiter = new EpollWaiter(open, report);
    return this.#waiter;
  }

  /**
   * Takes events that the helper thread has found, three words each: the mask, and the two halves of the data.
   *
   * @param maxEvents how many at most; the rest stays for the next time
   */
  takeFindings(maxEvents: number): Uint32Array {
    if (this.#left.length === 0) {
      const findings = this.#waiter?.takeFindings();
      if (findings === undefined || findings.length === 0) return NOTHING;
      this.#left = new Uint32Array(findings.buffer, findings.byteOffset, findings.length);
    }
    const taken = this.#left.subarray(0, maxEvents * FINDING_WORDS);
    this.#left = this.#left.subarray(taken.length);
    return taken;
  }

  /** Takes the number of events that lie in the event buffer for the look that the waiter has just asked for. */
  takeFound(): number {
    return this.#waiter === undefined ? 0 : this.#waiter.takeFound();
  }

  readonly #openThread = (report: () => void): ThreadWaiter =>
    new ThreadWaiter((waiter) => {
      native.waitThreadArmEpoll(waiter, this.#epollFd, this.#maxEvents());
    }, report);
}

/** Returns the findings about other fds. */
function without(findings: Uint32Array, fd: number): Uint32Array {
  const kept: number[] = [];
  for (let at = 0; at < findings.length; at += FINDING_WORDS) {
    if (findings[at + 1] !== fd) kept.push(...findings.subarray(at, at + FINDING_WORDS));
  }
  return Uint32Array.from(kept);
}

/** A waiter that can become another one while it is in use. */
class EpollWaiter implements Waiter {
  readonly #report: () => void;
  #inner: Waiter;
  #isStarted = false;
  #repeats = false;
  #keepsAlive = true;
  #isClosed = false;

  constructor(open: (report: () => void) => Waiter, report: () => void) {
    this.#report = () => {
      report();
    };
    this.#inner = open(this.#report);
  }

  replace(open: (report: () => void) => ThreadWaiter): void {
    if (this.#isClosed) return;
    this.#inner.close();
    this.#inner = open(this.#report);
    if (!this.#keepsAlive) this.#inner.unref();
    if (this.#isStarted) this.#inner.start(this.#repeats);
  }

  takeFound(): number {
    return this.#inner instanceof LoopWaiter ? this.#inner.takeFound() : 0;
  }

  takeFindings(): Findings | undefined {
    return this.#inner instanceof ThreadWaiter ? this.#inner.takeFindings() : undefined;
  }

  forget(fd: number): void {
    if (!(this.#inner instanceof ThreadWaiter)) return;
    this.#inner.forget(fd);
    if (this.#isStarted) this.#inner.start();
  }

  start(repeats = false): void {
    this.#isStarted = true;
    this.#repeats = repeats;
    this.#inner.start(repeats);
  }

  stop(): void {
    this.#isStarted = false;
    this.#inner.stop();
  }

  ref(): void {
    this.#keepsAlive = true;
    this.#inner.ref();
  }

  unref(): void {
    this.#keepsAlive = false;
    this.#inner.unref();
  }

  close(): void {
    this.#isClosed = true;
    this.#isStarted = false;
    this.#inner.close();
  }
}
