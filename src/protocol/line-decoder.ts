/** Cuts a stream of bytes into lines. It does not know their charset and never buffers more than one line. */

/** Receives the lines. */
export interface LineSink {
  /**
   * One line without its ending, possibly empty.
   *
   * @param bytes - valid until this returns: a view of what was pushed, or of the decoder's own buffer
   */
  line(bytes: Uint8Array): void;
  /** A line exceeded the limit. It is discarded up to its ending, and reported once. */
  overlong(): void;
}

/** The choices of a {@link LineDecoder}. */
export interface LineDecoderOptions {
  /** The longest line without its ending, in bytes, at least 1. */
  readonly maxLineBytes: number;
  /**
   * If true, a CR ends a line by itself, so CRLF yields a line and an empty one. Otherwise one CR before LF belongs to
   * the ending, and any other CR to the line.
   *
   * @defaultValue false
   */
  readonly carriageReturnEnds?: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
/** The buffer of an unfinished line starts at this size; most lines fit. */
const FIRST_BUFFER_BYTES = 256;
const NOTHING = new Uint8Array(0);

/**
 * The decoder of one stream. The split comes before any decoding of characters: 0x0A is never part of a longer
 * character in UTF-8 and GBK. It has no buffer between lines.
 */
export class LineDecoder {
  readonly #maxLineBytes: number;
  readonly #carriageReturnEnds: boolean;
  #pending: Uint8Array | null = null;
  #pendingBytes = 0;
  #isDiscarding = false;

  constructor(options: LineDecoderOptions) {
    this.#maxLineBytes = options.maxLineBytes;
    this.#carriageReturnEnds = options.carriageReturnEnds ?? false;
  }

  /** Whether a line has begun but not ended. The session decides how long it may take. */
  get hasPending(): boolean {
    return this.#pendingBytes > 0 || this.#isDiscarding;
  }

  /** Bytes of the unfinished line. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The unfinished line so far, and whether it is discarded. */
  get state(): { readonly rest: Uint8Array; readonly isDiscarding: boolean } {
    return { rest: this.#pending?.subarray(0, this.#pendingBytes) ?? NOTHING, isDiscarding: this.#isDiscarding };
  }

  /** Goes on where another decoder has stopped. Only for one that has taken nothing yet. */
  restore({ rest, isDiscarding }: { readonly rest: Uint8Array; readonly isDiscarding: boolean }): void {
    this.#isDiscarding = isDiscarding;
    if (rest.length === 0 || isDiscarding) return;
    this.#pending = new Uint8Array(rest);
    this.#pendingBytes = rest.length;
  }

  /** Takes the next bytes of the stream and passes every line that ends in them to the sink. */
  push(bytes: Uint8Array, sink: LineSink): void {
    const { length } = bytes;
    let start = 0;
    // Where the next CR is, and the next LF; `length` for none. Each byte is looked at once for each of the two.
    let cr = this.#carriageReturnEnds ? -1 : length;
    let lf = -1;
    while (start < length) {
      // Usually the LF of a CRLF whose CR has ended the line: a search for it would cost as much as one in the line.
      if (bytes[start] === LF) {
        this.#finish(bytes, start, start, sink);
        start += 1;
        continue;
      }
      if (cr < start) cr = placeOf(CR, bytes, start);
      if (lf < start) lf = placeOf(LF, bytes, start);
      const end = Math.min(cr, lf);
      if (end === length) break;
      this.#finish(bytes, start, end, sink);
      start = end + 1;
    }
    if (start < length) this.#append(bytes, start, length, sink);
  }

  /** Ends the unfinished line: the stream has ended, or has been quiet for long enough. */
  flush(sink: LineSink): void {
    if (!this.hasPending) return;
    this.#finish(NOTHING, 0, 0, sink);
  }

  #finish(bytes: Uint8Array, start: number, end: number, sink: LineSink): void {
    if (this.#pendingBytes > 0) {
      this.#append(bytes, start, end, sink);
      const pending = this.#pending;
      const length = this.#pendingBytes;
      this.#drop();
      // #append has reported the line if it was too long.
      if (pending !== null && length > 0) this.#emit(pending, 0, length, sink);
    } else if (!this.#isDiscarding) {
      this.#emit(bytes, start, end, sink);
    }
    this.#isDiscarding = false;
  }

  #emit(bytes: Uint8Array, start: number, end: number, sink: LineSink): void {
    const stop = !this.#carriageReturnEnds && end > start && bytes[end - 1] === CR ? end - 1 : end;
    if (stop === start) sink.line(NOTHING);
    else if (stop - start > this.#maxLineBytes) sink.overlong();
    else sink.line(bytes.subarray(start, stop));
  }

  /**
   * Appends to the unfinished line. It may be one byte longer than the limit, since the last may be the CR of the
   * ending.
   */
  #append(bytes: Uint8Array, start: number, end: number, sink: LineSink): void {
    if (this.#isDiscarding) return;
    const length = this.#pendingBytes + (end - start);
    if (length > this.#maxLineBytes + 1) {
      this.#drop();
      this.#isDiscarding = true;
      sink.overlong();
      return;
    }
    if (this.#pending === null || this.#pending.length < length) {
      const doubled = Math.max(FIRST_BUFFER_BYTES, 2 * this.#pendingBytes, length);
      const grown = new Uint8Array(Math.min(doubled, this.#maxLineBytes + 1));
      if (this.#pending !== null) grown.set(this.#pending.subarray(0, this.#pendingBytes));
      this.#pending = grown;
    }
    this.#pending.set(bytes.subarray(start, end), this.#pendingBytes);
    this.#pendingBytes = length;
  }

  #drop(): void {
    this.#pending = null;
    this.#pendingBytes = 0;
  }
}

function placeOf(byte: number, bytes: Uint8Array, start: number): number {
  const at = bytes.indexOf(byte, start);
  return at < 0 ? bytes.length : at;
}
