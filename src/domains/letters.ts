/** The private messages between two domains, over one connection: each is answered, and arrives at most once. */
import type { Letter } from '../chat/abroad.js';
import { isFitAnswer, isFitLetter } from './customs.js';
import type { LetterLimits } from './letter-limits.js';
import { isTell, type Tell, type Told } from './messages.js';
import { type LetterTaker, type OpenLetter, OpenLetters, UNREACHABLE } from './open-letters.js';

/**
 * The name by which a domain asks whether the home of rooms carries letters. No room has it, so a home of an earlier
 * version refuses it as one that it does not have.
 */
export const LETTER_BOX = 'letters';
/** Its number among the followings of a connection: those of rooms begin with 1. */
export const BOX = 0;

/** How long somebody waits for an answer, in milliseconds. */
const PATIENCE_MS = 10_000;

/** The sessions of a letter. */
export type Envelope = Pick<Letter, 'by' | 'to'>;

/** The surroundings of the letters of a connection. */
export interface LettersParts {
  /** The bounds on the letters that the other domain sends. */
  readonly limits: LetterLimits;
  send(message: Tell | Told, body?: Uint8Array): void;
  /** Returns the sessions of a letter as the other domain knows them; null if it cannot know both. */
  outward(envelope: Envelope): Envelope | null;
  /** Returns the sessions of a letter as this domain knows them; null if nobody there can have sent it. */
  inward(envelope: Envelope): Envelope | null;
  deliver(letter: Letter, take: LetterTaker): void;
  /** Runs a call whose error ends the connection at most, and not the process. */
  attempt(work: () => void): void;
}

/** The letters in both directions. */
export class Letters {
  readonly #parts: LettersParts;
  /** The number of the letter box of this connection; null while the other domain has none. */
  #box: number | null = null;
  /** Grows when the connection is lost: the other domain numbers its letters anew over the next one. */
  #connection = 0;
  readonly #open: OpenLetters<OpenLetter>;
  /** Runs while letters are answered at once, since one has waited in vain; null if they are not. */
  #silence: NodeJS.Timeout | null = null;

  constructor(parts: LettersParts) {
    this.#parts = parts;
    this.#open = new OpenLetters({
      patienceMs: PATIENCE_MS,
      attempt: (work) => {
        parts.attempt(work);
      },
      // As long as that, the next ones would wait as it has.
      expired: () => {
        this.#endSilence();
        this.#silence = setTimeout(() => {
          this.#silence = null;
        }, PATIENCE_MS).unref();
      },
    });
  }

  /** The other domain carries letters. @param box - the number that letters of this connection have */
  open(box: number): void {
    this.#box = box;
  }

  /** Sends a letter. @param take - called once, in this call or later */
  post(letter: Letter, take: LetterTaker): void {
    const envelope = this.#box === null || this.#silence !== null ? null : this.#parts.outward(letter);
    if (this.#box === null || envelope === null) {
      take(UNREACHABLE);
      return;
    }
    const { type, text, tags, isDivisible } = letter;
    const turn = this.#open.nextTurn;
    const head: Tell = { kind: 'tell', id: this.#box, turn, ...envelope, type, tags, isDivisible };
    // The other domain would take it for a violation, and end the connection that everybody uses.
    if (!isTell(head) || !isFitLetter(head, text)) {
      take(UNREACHABLE);
      return;
    }
    if (this.#open.add({ sender: letter.by, take })) this.#parts.send(head, new TextEncoder().encode(text));
  }

  #endSilence(): void {
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = null;
  }

  /** Hears a letter, or an answer. @returns false for one that the other domain may not send */
  hear(message: Tell | Told, body: Uint8Array): boolean {
    if (message.id !== this.#box) return false;
    if (message.kind === 'tell') return this.#take(message, body);
    if (!isFitAnswer(message)) return false;
    this.#endSilence();
    const { turn, why, away } = message;
    this.#open.answer(turn, why === null ? { kind: 'delivered', away } : { kind: 'refused', why });
    return true;
  }

  #take(tell: Tell, body: Uint8Array): boolean {
    const text = textOf(body);
    const { id, turn, type, tags, isDivisible } = tell;
    const envelope = this.#parts.inward(tell);
    if (text === null || envelope === null || !isFitLetter(tell, text)) return false;
    const connection = this.#connection;
    const answer: LetterTaker = (answered) => {
      if (connection !== this.#connection) return;
      const isDelivered = answered.kind === 'delivered';
      const why = isDelivered ? null : answered.why;
      this.#parts.send({ kind: 'told', id, turn, why, away: isDelivered ? answered.away : null });
    };
    const isAllowed = this.#parts.limits.take(envelope.by);
    if (isAllowed) this.#parts.deliver({ ...envelope, text, type, tags, isDivisible }, answer);
    else answer({ kind: 'refused', why: 'too-many-letters' });
    return true;
  }

  /** The connection is lost, and with it all answers that have not arrived. */
  lost(): void {
    this.#box = null;
    this.#endSilence();
    this.#connection += 1;
    this.#open.giveUp();
  }
}

function textOf(body: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return null;
  }
}
