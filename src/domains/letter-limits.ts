/** The bounds on the letters of another domain, which outlast its connections. */
import { performance } from 'node:perf_hooks';
import { Throttle } from '../throttle.js';

/** The letters that one person may send to this domain per second on average, and at once. */
const LETTERS_PER_SECOND = 1;
const BURST_LETTERS = 20;
/** The same for all people of a domain together: it may invent as many as it likes. */
const DOMAIN_LETTERS_PER_SECOND = 200;
const DOMAIN_BURST_LETTERS = 2_000;
/** The number of senders that are remembered without a check whether they have sent anything lately. */
const FEW_SENDERS = 1_000;

/** Counts the letters of one domain, and of each sender: its own domain may not. */
export class LetterLimits {
  readonly #all = new Throttle(DOMAIN_LETTERS_PER_SECOND, DOMAIN_BURST_LETTERS, performance.now());
  readonly #senders = new Map<string, Throttle>();
  #senderLimit = FEW_SENDERS;

  /** Counts a letter, if one more is within the bounds. @param sender - its session */
  take(sender: string): boolean {
    const nowMs = performance.now();
    // What one person sends in vain takes nothing from the others.
    return this.#throttleOf(sender, nowMs).take(nowMs) && this.#all.take(nowMs);
  }

  #throttleOf(sender: string, nowMs: number): Throttle {
    const known = this.#senders.get(sender);
    if (known !== undefined) return known;
    if (this.#senders.size >= this.#senderLimit) this.#forget(nowMs);
    const made = new Throttle(LETTERS_PER_SECOND, BURST_LETTERS, nowMs);
    this.#senders.set(sender, made);
    return made;
  }

  /** Forgets those who have not sent anything lately. */
  #forget(nowMs: number): void {
    for (const [sender, throttle] of this.#senders) {
      if (throttle.tokensAt(nowMs) >= BURST_LETTERS) this.#senders.delete(sender);
    }
    this.#senderLimit = Math.max(FEW_SENDERS, 2 * this.#senders.size);
  }
}
