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
}

/** Gathers the lines that answer one command. */
export class ReplyWriter {
  readonly #serverName: string;
  readonly #lines: OutgoingLine[] = [];
  #label: string | null = null;
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
    const answer = { lines: this.#lines.splice(0), label: this.#label };
    this.#label = null;
    return answer;
  }

  continueWith(answer: SuspendedAnswer): void {
    this.#lines.push(...answer.lines);
    this.#label = answer.label;
  }

  add(line: OutgoingLine): void {
    this.#lines.push(line);
  }

  /**
   * Ends the answer.
   *
   * @returns all lines, ready to be encoded; empty when there is nothing to say
   */
  end(charset: Charset): string {
    const lines = this.#lines.splice(0);
    const label = this.#label;
    this.#label = null;
    if (label !== null) return this.#labeled(lines, label, charset);
    return lines.map((line) => formatLine(line, charset)).join('');
  }

  #labeled(lines: readonly OutgoingLine[], label: string, charset: Charset): string {
    const [only, second] = lines;
    if (only === undefined) return formatLine({ tags: `label=${label}`, body: `:${this.#serverName} ACK` }, charset);
    if (second === undefined) return formatLine(withTag(only, `label=${label}`), charset);
    this.#batches += 1;
    const reference = `r${this.#batches}`;
    const opening: OutgoingLine = {
      tags: `label=${label}`,
      body: `:${this.#serverName} BATCH +${reference} labeled-response`,
    };
    const closing: OutgoingLine = { tags: '', body: `:${this.#serverName} BATCH -${reference}` };
    const inside = lines.map((line) => withTag(line, `batch=${reference}`));
    return [opening, ...inside, closing].map((line) => formatLine(line, charset)).join('');
  }
}

function withTag(line: OutgoingLine, tag: string): OutgoingLine {
  return { tags: line.tags === '' ? tag : `${tag};${line.tags}`, body: line.body };
}
