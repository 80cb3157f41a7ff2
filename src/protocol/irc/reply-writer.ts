/**
 * The one way out for what a client is answered: it knows labels and batches (IRCv3 labeled-response, batch), so that
 * no command needs to.
 */
import { formatLine, type OutgoingLine } from './encoder.js';
import type { Charset } from '../charset.js';

/** A half-gathered answer that has been put aside. */
export interface SuspendedAnswer {
  readonly lines: readonly OutgoingLine[];
  readonly label: string | null;
  readonly batch: string | null;
}

/** Gathers the lines that answer one command. */
export class ReplyWriter {
  readonly #serverName: string;
  readonly #lines: OutgoingLine[] = [];
  #label: string | null = null;
  /** The batch that a labeled answer is in whose first part has been sent; null without one. */
  #batch: string | null = null;
  #batches = 0;

  constructor(serverName: string) {
    this.#serverName = serverName;
  }

  /** Begins the answer to a command. @param label - the client's label, escaped; null without one */
  begin(label: string | null): void {
    this.#label = label;
  }

  /** Puts what has been gathered aside, so that something else can be said before it. */
  suspend(): SuspendedAnswer {
    const answer = { lines: this.#lines.splice(0), label: this.#label, batch: this.#batch };
    this.#label = null;
    this.#batch = null;
    return answer;
  }

  continueWith(answer: SuspendedAnswer): void {
    this.#lines.push(...answer.lines);
    this.#label = answer.label;
    this.#batch = answer.batch;
  }

  /** How many lines have been gathered and not been taken. */
  get size(): number {
    return this.#lines.length;
  }

  add(line: OutgoingLine): void {
    this.#lines.push(line);
  }

  /**
   * Takes what has been gathered; more will follow.
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
   * @returns all lines, ready to be encoded; empty when there is nothing to say
   */
  end(charset: Charset): string {
    const label = this.#label;
    this.#label = null;
    if (label === null) return format(this.#lines.splice(0), charset);
    if (this.#batch === null && this.#lines.length < 2) {
      const only = this.#lines.pop() ?? { tags: '', body: `:${this.#serverName} ACK` };
      return formatLine(withTag(only, `label=${label}`), charset);
    }
    const opening = this.#batch === null ? [this.#openBatch(label)] : [];
    const lines = [
      ...opening,
      ...this.#takeBatched(),
      { tags: '', body: `:${this.#serverName} BATCH -${this.#batch}` },
    ];
    this.#batch = null;
    return format(lines, charset);
  }

  #openBatch(label: string): OutgoingLine {
    this.#batches += 1;
    this.#batch = `r${this.#batches}`;
    return { tags: `label=${label}`, body: `:${this.#serverName} BATCH +${this.#batch} labeled-response` };
  }

  #takeBatched(): OutgoingLine[] {
    return this.#lines.splice(0).map((line) => withTag(line, `batch=${this.#batch}`));
  }
}

function format(lines: readonly OutgoingLine[], charset: Charset): string {
  return lines.map((line) => formatLine(line, charset)).join('');
}

function withTag(line: OutgoingLine, tag: string): OutgoingLine {
  return { tags: line.tags === '' ? tag : `${tag};${line.tags}`, body: line.body };
}
