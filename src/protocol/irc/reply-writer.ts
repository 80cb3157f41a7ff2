/**
 * The lines that answer one command, with labels and batches (IRCv3 labeled-response, batch), so that no handler needs
 * to know of these.
 */
import type { Charset } from '../charset.js';
import { formatLine, type OutgoingLine } from './encoder.js';

/** The server that answers. */
export interface ReplySource {
  readonly name: string;
  /** Returns a reference tag that no open batch has. */
  nextBatch(): string;
}

/** Collects the lines that answer one command. */
export class ReplyWriter {
  readonly #source: ReplySource;
  readonly #label: string | null;
  readonly #lines: OutgoingLine[] = [];
  /** How many parts of the answer wait for something outside the session. */
  missingParts = 0;
  /** The batch of a labeled answer whose first part has been sent; null without one. */
  #batch: string | null = null;

  /** @param label - the client's label, escaped; null without one */
  constructor(source: ReplySource, label: string | null) {
    this.#source = source;
    this.#label = label;
  }

  get isLabeled(): boolean {
    return this.#label !== null;
  }

  /** How many lines have been collected and not yet taken. */
  get size(): number {
    return this.#lines.length;
  }

  add(line: OutgoingLine): void {
    this.#lines.push(line);
  }

  /**
   * Takes the lines so far; more will follow.
   *
   * @returns lines, ready to be encoded
   */
  takePart(charset: Charset): string {
    const label = this.#label;
    if (label === null) return format(this.#lines.splice(0), charset);
    const opening = this.#batch === null ? [this.#openBatch(label)] : [];
    return format([...opening, ...this.#takeBatched()], charset);
  }

  /**
   * Ends the answer.
   *
   * @returns all lines, ready to be encoded; empty if there are none
   */
  end(charset: Charset): string {
    const label = this.#label;
    if (label === null) return format(this.#lines, charset);
    if (this.#batch === null && this.#lines.every(({ isNested }, index) => index === 0 || isNested === true)) {
      const [only = { tags: '', body: `:${this.#source.name} ACK` }, ...nested] = this.#lines;
      return format([withTag(only, `label=${label}`), ...nested], charset);
    }
    const opening = this.#batch === null ? [this.#openBatch(label)] : [];
    const closing = { tags: '', body: `:${this.#source.name} BATCH -${this.#batch}` };
    return format([...opening, ...this.#takeBatched(), closing], charset);
  }

  #openBatch(label: string): OutgoingLine {
    this.#batch = this.#source.nextBatch();
    return { tags: `label=${label}`, body: `:${this.#source.name} BATCH +${this.#batch} labeled-response` };
  }

  #takeBatched(): OutgoingLine[] {
    return this.#lines.splice(0).map((line) => withTag(line, `batch=${this.#batch}`));
  }
}

function format(lines: readonly OutgoingLine[], charset: Charset): string {
  return lines.map((line) => formatLine(line, charset)).join('');
}

function withTag(line: OutgoingLine, tag: string): OutgoingLine {
  // A line of another batch has the tag of that one.
  if (line.isNested === true) return line;
  return { tags: line.tags === '' ? tag : `${tag};${line.tags}`, body: line.body };
}
