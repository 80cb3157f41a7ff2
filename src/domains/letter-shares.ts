/** The places of letters that wait for answers, shared among their senders. */

/** The most letters that wait; half of the places are for the first letters of senders. */
const MAX_OPEN = 512;
const MAX_FURTHER = MAX_OPEN / 2;
/** The most letters of one sender: the other domain takes no more from one at once. */
const MAX_OF_SENDER = 20;
/** The part of the free places for further letters that one sender may have. */
const SHARE = 1 / 8;

/**
 * Gives each sender a part of what is free: however many letters some have on their way, there is a place for somebody
 * who has none.
 */
export class LetterShares {
  readonly #bySender = new Map<string, number>();
  #count = 0;

  /** Takes a place. @param sender - its session. @returns false if the sender has its share */
  take(sender: string): boolean {
    const own = this.#bySender.get(sender) ?? 0;
    const share = Math.min(MAX_OF_SENDER, (MAX_FURTHER - this.#count) * SHARE);
    if (own === 0 ? this.#count >= MAX_OPEN : own >= share) return false;
    this.#count += 1;
    this.#bySender.set(sender, own + 1);
    return true;
  }

  /** Gives a place back. */
  free(sender: string): void {
    this.#count -= 1;
    const left = (this.#bySender.get(sender) ?? 0) - 1;
    if (left > 0) this.#bySender.set(sender, left);
    else this.#bySender.delete(sender);
  }
}
