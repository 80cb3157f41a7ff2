/** The letters on their way, each of which is answered once. */
import type { LetterAnswer } from '../chat/abroad.js';
import { LetterShares } from './letter-shares.js';

/** Receives what has become of a letter. */
export type LetterTaker = (answer: LetterAnswer) => void;

/** The answer if nobody knows what has become of a letter. */
export const UNREACHABLE: LetterAnswer = { kind: 'refused', why: 'unreachable' };

/** A letter that waits for its answer. */
export interface OpenLetter {
  /** The session of its sender. */
  readonly sender: string;
  readonly take: LetterTaker;
}

/** The surroundings of open letters. */
export interface OpenLettersParts {
  /** How long a sender waits for an answer, in milliseconds. */
  readonly patienceMs: number;
  /** Runs a call whose error must not keep others from their answers. */
  attempt(work: () => void): void;
  /** The last turn that was taken before. @defaultValue 0 */
  readonly lastTurn?: number;
  /** Called when a letter has not been answered in time, before its sender is. */
  expired?(): void;
}

/** The letters by their turns. */
export class OpenLetters<L extends OpenLetter> {
  readonly #parts: OpenLettersParts;
  readonly #open = new Map<number, { readonly letter: L; readonly timer: NodeJS.Timeout }>();
  readonly #shares = new LetterShares();
  #turns: number;

  constructor(parts: OpenLettersParts) {
    this.#parts = parts;
    this.#turns = parts.lastTurn ?? 0;
  }

  /** The turn of the letter that is added next. */
  get nextTurn(): number {
    return this.#turns + 1;
  }

  /** Adds a letter. @returns false if its sender has its share already: then it is answered */
  add(letter: L): boolean {
    if (!this.#shares.take(letter.sender)) {
      letter.take({ kind: 'refused', why: 'too-many-letters' });
      return false;
    }
    this.#turns += 1;
    const turn = this.#turns;
    const timer = setTimeout(() => {
      this.#parts.expired?.();
      this.answer(turn, UNREACHABLE);
    }, this.#parts.patienceMs).unref();
    this.#open.set(turn, { letter, timer });
    return true;
  }

  find(turn: number): L | undefined {
    return this.#open.get(turn)?.letter;
  }

  answer(turn: number, answer: LetterAnswer): void {
    const open = this.#open.get(turn);
    if (open === undefined) return;
    this.#open.delete(turn);
    this.#shares.free(open.letter.sender);
    clearTimeout(open.timer);
    this.#parts.attempt(() => {
      open.letter.take(answer);
    });
  }

  /** Ends the wait of letters that nobody will answer. @param isLost - by default, all of them are */
  giveUp(isLost: (letter: L) => boolean = () => true): void {
    for (const [turn, { letter }] of [...this.#open]) if (isLost(letter)) this.answer(turn, UNREACHABLE);
  }
}
