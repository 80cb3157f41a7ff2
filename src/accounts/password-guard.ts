/**
 * Guards passwords against guessing: after failures the next try waits, longer each time, and few passwords are hashed
 * at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyPassword } from './password.js';
import { Turnstile } from './turnstile.js';

/** The result of a check. `busy`: the password was not checked, since too many others are being checked. */
export type Verdict = 'right' | 'wrong' | 'busy';

/** The number of failures that cost nothing: anyone can mistype. */
const FREE_FAILURES = 3;
/** The wait after the first failure beyond those; it doubles with each further one. */
const FIRST_DELAY_MS = 1000;
/** A failure is forgotten after this time without another one. */
const FORGET_MS = 600_000;
/** The number of sources and accounts that are remembered; beyond it the one with the oldest failure is forgotten. */
const MAX_REMEMBERED = 10_000;
/** The most checks at the same time: each check of a hashed password takes a thread and 32 MiB for a while. */
const MAX_CHECKS = 2;
/** The most checks that wait for their turn. */
const MAX_WAITING = 64;

interface Failures {
  count: number;
  lastMs: number;
}

/** The choices of a {@link PasswordGuard}. */
export interface PasswordGuardOptions {
  /** Milliseconds. @defaultValue the clock of `performance.now()` */
  readonly now?: () => number;
  /** @defaultValue a timer that does not keep the process alive */
  readonly sleep?: (delayMs: number) => Promise<void>;
  readonly verify?: (offered: string, expected: string) => Promise<boolean>;
}

/** Remembers failures by name: that of an address, or of an account. */
export class PasswordGuard {
  readonly #now: () => number;
  readonly #sleep: (delayMs: number) => Promise<void>;
  readonly #verify: (offered: string, expected: string) => Promise<boolean>;
  /** In the order of the last failure. */
  readonly #failures = new Map<string, Failures>();
  readonly #turnstile = new Turnstile({ maxRunning: MAX_CHECKS, maxWaiting: MAX_WAITING });
  #failureCount = 0;

  constructor(options: PasswordGuardOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#sleep = options.sleep ?? ((delayMs) => sleep(delayMs, undefined, { ref: false }));
    this.#verify = options.verify ?? verifyPassword;
  }

  /**
   * Waits until another try is allowed under these names. Without failures, it does not wait.
   *
   * @param maxDelayMs - the longest wait; 0 for none
   */
  async turn(names: readonly string[], maxDelayMs: number): Promise<void> {
    const waitMs = Math.max(...names.map((name) => this.#waitMs(name, maxDelayMs)));
    if (waitMs > 0) await this.#sleep(waitMs);
  }

  #waitMs(name: string, maxDelayMs: number): number {
    const failures = this.#failures.get(name);
    if (failures === undefined || failures.count <= FREE_FAILURES) return 0;
    const sinceMs = this.#now() - failures.lastMs;
    if (sinceMs >= FORGET_MS) return 0;
    const delayMs = Math.min(maxDelayMs, FIRST_DELAY_MS * 2 ** (failures.count - FREE_FAILURES - 1));
    return delayMs - sinceMs;
  }

  /** Checks a password, and remembers a failure under these names. */
  async check(offered: string, expected: string, names: readonly string[]): Promise<Verdict> {
    const isRight = await this.#turnstile.pass(names[0] ?? '', () => this.#verify(offered, expected));
    if (isRight === null) return 'busy';
    if (isRight) return 'right';
    this.failed(names);
    return 'wrong';
  }

  /** The number of failures since the start. */
  get failureCount(): number {
    return this.#failureCount;
  }

  /** Remembers a failure under these names. */
  failed(names: readonly string[]): void {
    this.#failureCount += 1;
    const nowMs = this.#now();
    for (const name of names) {
      const before = this.#failures.get(name);
      const isRecent = before !== undefined && nowMs - before.lastMs < FORGET_MS;
      this.#failures.delete(name);
      this.#failures.set(name, { count: isRecent ? before.count + 1 : 1, lastMs: nowMs });
    }
    for (const name of this.#failures.keys()) {
      if (this.#failures.size <= MAX_REMEMBERED) break;
      this.#failures.delete(name);
    }
  }
}
