/** A room of another domain that arrives in parts. */
import { MAX_STATE_BYTES } from './messages.js';

/** What is said about the room with each part. */
export interface StatePart {
  readonly log: string;
  /** The number of the last pack that is in it. */
  readonly seq: number;
  /** The bytes of all parts. */
  readonly bytes: number;
}

/** Puts the parts together. */
export class StateParts {
  #head: StatePart | null = null;
  #parts: Uint8Array[] = [];
  #length = 0;

  /** Whether some parts have arrived, and others have not. */
  get isPartial(): boolean {
    return this.#head !== null;
  }

  /**
   * Takes the next part.
   *
   * @returns the whole room as text; null while parts are missing; `unfit` for a part of no room that can be taken
   */
  take(head: StatePart, body: Uint8Array): { readonly text: string } | null | 'unfit' {
    this.#head ??= head;
    const { log, seq, bytes } = this.#head;
    const isSame = head.log === log && head.seq === seq && head.bytes === bytes;
    this.#length += body.length;
    if (!isSame || bytes > MAX_STATE_BYTES || this.#length > bytes || body.length === 0) return 'unfit';
    // The body is valid only until this returns.
    this.#parts.push(new Uint8Array(body));
    if (this.#length < bytes) return null;
    const text = Buffer.concat(this.#parts).toString('utf8');
    this.drop();
    return { text };
  }

  /** Forgets the parts: the others do not follow. */
  drop(): void {
    this.#head = null;
    this.#parts = [];
    this.#length = 0;
  }
}
