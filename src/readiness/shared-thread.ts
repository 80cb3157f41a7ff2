/** One helper thread for all waits that belong to no object: those of poll(), or those of select(). */
import { present } from '../errors.js';
import { AsyncWait } from './async-wait.js';
import { FINDING_WORDS, type Findings, NO_FINDINGS } from './findings.js';
import { LoopWait } from './loop-wait.js';
import { ThreadWaiter, type Waiter } from './waiter.js';

/** The lists of several waits as one. */
export interface MergedList {
  /** Hands it to the thread. */
  arm(waiter: number): void;
  /** By place in it: the index of the wait that the place belongs to. */
  readonly owners: Int32Array;
  /** By place in it: the place in that wait's own list. */
  readonly places: Int32Array;
}

/** A single wait. */
export interface SharedJob<List, Result> {
  readonly list: List;
  /** Makes the real call with a timeout of zero. @returns undefined if there is nothing to report */
  look(findings: Findings): Result | undefined;
  /** The result of the wait when its time is up. */
  nothing(): Result;
}

/** A wait, as the thread sees it. */
interface Member<List> {
  readonly list: List;
  readonly report: () => void;
  readonly fail: (error: unknown) => void;
  /** The thread's findings for it since its last look. */
  readonly found: number[];
}

/** How long an unused thread is kept: starting one costs as much as some hundred system calls. */
const IDLE_MS = 1_000;

/**
 * A thread that waits for all its members at once. Only those with something to report look then, so the cost of an
 * event does not grow with the number of waits, except for the one call of the thread.
 */
export class SharedThread<List> {
  readonly #merge: (lists: readonly List[]) => MergedList;
  readonly #members = new Set<Member<List>>();
  /** The members that the thread waits for, in the order of the merged list. */
  #armed: readonly Member<List>[] = [];
  #merged: MergedList | undefined;
  #thread: ThreadWaiter | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  /** @param merge makes one list of several */
  constructor(merge: (lists: readonly List[]) => MergedList) {
    this.#merge = merge;
  }

  /** Waits once. */
  wait<Result>(timeoutMs: number, signal: AbortSignal | undefined, job: SharedJob<List, Result>): Promise<Result> {
    const found: number[] = [];
    const loop = new LoopWait({
      open: (report) => this.#openWaiter({ list: job.list, report, fail: (error) => wait.fail(error), found }),
      // A look costs less than waking a thread.
      isWorthLooking: (hasLooked) => !hasLooked,
    });
    const wait = new AsyncWait<Result>(loop, {
      look: () => job.look(found.length === 0 ? NO_FINDINGS : Int32Array.from(found.splice(0))),
      nothing: () => job.nothing(),
    });
    return wait.wait(timeoutMs, signal);
  }

  /** The part of the thread that works for one wait. It ends with its wait: the thread alone stays. */
  #openWaiter(member: Member<List>): Waiter {
    return {
      start: () => {
        this.#add(member);
      },
      stop: () => {
        this.#remove(member);
      },
      ref: doNothing,
      unref: doNothing,
      close: doNothing,
    };
  }

  #add(member: Member<List>): void {
    this.#members.add(member);
    this.#rearmSoon();
  }

  #remove(member: Member<List>): void {
    if (!this.#members.delete(member)) return;
    // Its fds may be closed now, and a thread in a call with one of them would keep the file open.
    if (this.#armed.includes(member)) this.#pause();
    if (this.#members.size === 0) this.#rest();
  }

  /** Takes the thread out of its call; it continues at the next turn of the event loop. */
  #pause(): void {
    if (this.#armed.length === 0) return;
    this.#thread?.stop();
    this.#collect();
    this.#rearmSoon();
  }

  /** Arms the thread once for all waits that begin or end in this turn of the event loop. */
  #rearmSoon(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.#rearm();
    });
  }

  #rearm(): void {
    // The findings from when the thread was stopped for the sake of another wait.
    for (const member of [...this.#members]) if (member.found.length > 0) member.report();
    if (this.#members.size === 0) return;
    const members = [...this.#members];
    try {
      this.#merged = this.#merge(members.map(({ list }) => list));
      this.#armed = members;
      this.#thread ??= new ThreadWaiter(
        (waiter) => this.#merged?.arm(waiter),
        () => {
          this.#report();
        },
      );
      this.#thread.start();
    } catch (error) {
      this.#armed = [];
      for (const member of members) member.fail(error);
    }
  }

  #report(): void {
    const armed = this.#armed;
    let failure: { readonly error: unknown } | undefined;
    try {
      this.#collect();
    } catch (error) {
      failure = { error };
    }
    const hasFindings = armed.some(({ found }) => found.length > 0);
    for (const member of armed) {
      // Without findings, one of the fds is not open, and the wait that has it finds out.
      if (!hasFindings || member.found.length > 0) member.report();
      if (failure !== undefined && this.#members.has(member)) member.fail(failure.error);
    }
    if (this.#members.size > 0) this.#rearmSoon();
  }

  /** Hands the thread's findings to the members that they concern. */
  #collect(): void {
    const armed = this.#armed;
    const merged = this.#merged;
    this.#armed = [];
    this.#merged = undefined;
    const findings = this.#thread?.takeFindings();
    if (findings === undefined || merged === undefined) return;
    for (let at = 0; at < findings.length; at += FINDING_WORDS) {
      const place = present(findings[at], 'a word of a finding');
      const owner = present(merged.owners[place], 'the owner of a place');
      armed[owner]?.found.push(
        present(merged.places[place], 'a place'),
        present(findings[at + 1], 'a word of a finding'),
        present(findings[at + 2], 'a word of a finding'),
      );
    }
  }

  /** Closes the thread if it stays unused. */
  #rest(): void {
    if (this.#idleTimer !== undefined) {
      this.#idleTimer.refresh();
      return;
    }
    this.#idleTimer = setTimeout(() => {
      this.#idleTimer = undefined;
      if (this.#members.size > 0) return;
      this.#thread?.close();
      this.#thread = undefined;
    }, IDLE_MS).unref();
  }
}

/** A wait that belongs to no object cannot be unref'd, and has nothing to close. */
function doNothing(): void {
  // Nothing to do.
}
