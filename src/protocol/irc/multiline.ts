/** A message of several lines on its way from a client (IRCv3 multiline), until the batch that it is has ended. */
import type { Tag } from '../../chat/event.js';
import type { Message } from './message.js';

/** The most bytes of such a message: those of its lines, and one for each end of a line. */
export const MULTILINE_MAX_BYTES = 4096;
export const MULTILINE_MAX_LINES = 32;
/** How long a batch may be open. */
const MULTILINE_OPEN_MS = 60_000;

/** Stands in a text where a line ends. */
const LINE_END = '\n';
/** Stands in a text where its writer has cut a line that was too long. */
const CUT = '\r';

/** One line of such a message. */
export interface Part {
  readonly text: string;
  /** Whether it goes on in the line of the part before. */
  readonly isConcat: boolean;
}

/** Why a batch is refused. */
export interface BatchFailure {
  readonly code:
    'MULTILINE_MAX_BYTES' | 'MULTILINE_MAX_LINES' | 'MULTILINE_INVALID_TARGET' | 'MULTILINE_INVALID' | 'TIMEOUT';
  readonly context: readonly string[];
  readonly text: string;
}

/** Makes the failure that stands for all that have no name. */
export function invalidBatch(text: string): BatchFailure {
  return { code: 'MULTILINE_INVALID', context: [], text };
}

const INCOMPLETE = invalidBatch('A line of the batch was refused');

/** The facts with which a batch is opened. */
export interface DraftOptions {
  readonly reference: string;
  readonly target: string;
  /** The label of the command that opened it, escaped; null without one. */
  readonly label: string | null;
  readonly tags: readonly Tag[];
  readonly openedAtMs: number;
}

/** A batch that is open. However much it is sent, it holds no more than {@link MULTILINE_MAX_BYTES}. */
export class MultilineDraft {
  readonly reference: string;
  readonly target: string;
  readonly label: string | null;
  readonly tags: readonly Tag[];
  /** Whether it has failed: the rest of it is passed by. */
  isBroken = false;
  readonly #openedAtMs: number;
  readonly #parts: Part[] = [];
  #bytes = 0;
  #isIncomplete = false;

  constructor({ reference, target, label, tags, openedAtMs }: DraftOptions) {
    this.reference = reference;
    this.target = target;
    this.label = label;
    this.tags = tags;
    this.#openedAtMs = openedAtMs;
  }

  /** The bytes of its lines so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a line. @returns why the batch is refused; null if it is not */
  add({ params, isConcat }: Message, fold: (name: string) => string, nowMs: number): BatchFailure | null {
    const [target = '', text = ''] = params;
    if (nowMs - this.#openedAtMs > MULTILINE_OPEN_MS) {
      return { code: 'TIMEOUT', context: [this.reference], text: 'The batch was open for too long' };
    }
    if (this.#isIncomplete) return INCOMPLETE;
    if (fold(target) !== fold(this.target)) {
      const context = [this.target, target];
      return { code: 'MULTILINE_INVALID_TARGET', context, text: 'Invalid multiline target' };
    }
    if (isConcat && (text === '' || this.#parts.length === 0)) return invalidBatch('Nothing to concatenate');
    this.#bytes += Buffer.byteLength(text, 'utf8') + (isConcat || this.#parts.length === 0 ? 0 : LINE_END.length);
    this.#parts.push({ text, isConcat });
    return this.#excess();
  }

  #excess(): BatchFailure | null {
    if (this.#parts.length > MULTILINE_MAX_LINES) {
      const context = [String(MULTILINE_MAX_LINES)];
      return { code: 'MULTILINE_MAX_LINES', context, text: 'Multiline batch max-lines exceeded' };
    }
    if (this.#bytes <= MULTILINE_MAX_BYTES) return null;
    const context = [String(MULTILINE_MAX_BYTES)];
    return { code: 'MULTILINE_MAX_BYTES', context, text: 'Multiline batch max-bytes exceeded' };
  }

  /** One of its lines could not be taken: without it, it would be another message. */
  lose(): void {
    this.#isIncomplete = true;
  }

  /** Returns the whole text, or why there is none. */
  end(): { readonly text: string; readonly failure: BatchFailure | null } {
    if (this.#isIncomplete) return { text: '', failure: INCOMPLETE };
    if (this.#parts.every(({ text }) => text.trim() === ''))
      return { text: '', failure: invalidBatch('No text to send') };
    const texts = this.#parts.map(({ text, isConcat }, index) => (index === 0 ? '' : isConcat ? CUT : LINE_END) + text);
    return { text: texts.join(''), failure: null };
  }
}

/** Takes a text apart into the lines in which it was written; one line if it has no ends. */
export function partsOf(text: string): Part[] {
  const [first = '', ...rest] = text.split(/([\n\r])/);
  const parts: Part[] = [{ text: first, isConcat: false }];
  for (let at = 0; at + 1 < rest.length; at += 2) parts.push({ text: rest[at + 1] ?? '', isConcat: rest[at] === CUT });
  return parts;
}
