/** A client's output: the lines that answer one command leave together, the others at once. */
import { type CharsetDetector, encodeText } from '../charset.js';
import type { Link } from '../session.js';
import type { OutgoingLine } from './encoder.js';
import { type ReplySource, ReplyWriter } from './reply-writer.js';

/** Collects answers and sends them in the peer's charset. */
export class Outbox {
  readonly #link: Link;
  readonly #source: ReplySource;
  readonly #charset: CharsetDetector;
  /** The answer to the command at hand; null while it has none. */
  #answer: ReplyWriter | null = null;
  /** The batch that lines are added to; null for none. */
  #batch: string | null = null;
  #isClosed = false;

  constructor(link: Link, source: ReplySource, charset: CharsetDetector) {
    this.#link = link;
    this.#source = source;
    this.#charset = charset;
  }

  /** Begins an answer that carries the client's label, escaped (IRCv3 labeled-response). */
  beginLabeled(label: string): void {
    this.#answer = new ReplyWriter(this.#source, label);
  }

  /** Answers nothing to a labeled command now: its label is taken up later. @returns whether it has one */
  postponeLabel(): boolean {
    const isLabeled = this.#answer?.isLabeled === true;
    this.#answer = null;
    return isLabeled;
  }

  add(line: OutgoingLine): void {
    const batch = this.#batch;
    // A line of a batch within the batch has the tag of that one.
    if (batch === null || line.isNested === true) this.#writer.add(line);
    else
      this.#writer.add({ ...line, tags: `batch=${batch}${line.tags === '' ? '' : `;${line.tags}`}`, isNested: true });
  }

  /** Adds lines to a batch that is open. */
  addWithin(batch: string, add: () => void): void {
    this.#batch = batch;
    add();
    this.#batch = null;
  }

  /** Sends the collected part of an answer that goes on. */
  sendPart(): void {
    const { charset } = this.#charset;
    if (!this.#isClosed && this.#writer.size > 0) this.#send(this.#writer.takePart(charset));
  }

  /**
   * Sends the answer at hand, and ends it unless a part of it is still to come. No answer waits for one before it: an
   * echo has its place among what others say in the same room, where all must see the same order.
   */
  flush(): void {
    const answer = this.#take();
    if (answer === null) return;
    if (answer.missingParts === 0) this.#end(answer);
    else if (answer.size > 0 && !this.#isClosed) this.#send(answer.takePart(this.#charset.charset));
  }

  #take(): ReplyWriter | null {
    const answer = this.#answer;
    this.#answer = null;
    return answer;
  }

  #end(answer: ReplyWriter): void {
    const text = answer.end(this.#charset.charset);
    if (text !== '' && !this.#isClosed) this.#send(text);
  }

  /**
   * Leaves a part of the answer at hand for later.
   *
   * @returns what adds it, and sends it at once: the answer ends when all its parts are there
   */
  postpone(): (add: () => void) => void {
    const writer = this.#writer;
    writer.missingParts += 1;
    return (add) => {
      const answer = this.#answer;
      this.#answer = writer;
      writer.missingParts -= 1;
      add();
      this.flush();
      this.#answer = answer;
    };
  }

  /** Sends lines that answer no command. They must not get into the answer that is being collected. */
  sendBeside(add: () => void): void {
    const answer = this.#answer;
    this.#answer = null;
    add();
    const beside = this.#take();
    this.#answer = answer;
    // They wait for no answer.
    if (beside !== null) this.#end(beside);
  }

  /** Sends nothing any more. */
  close(): void {
    this.#isClosed = true;
  }

  get #writer(): ReplyWriter {
    this.#answer ??= new ReplyWriter(this.#source, null);
    return this.#answer;
  }

  #send(text: string): void {
    this.#link.answer(encodeText(text, this.#charset.charset));
  }
}
