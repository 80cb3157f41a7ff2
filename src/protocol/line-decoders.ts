/** Decoders for many streams, of which few have an unfinished line at a time. */
import { LineDecoder, type LineDecoderOptions } from './line-decoder.js';

/** The most decoders that wait for their next stream. */
const MAX_SPARE = 16;

/** Lends decoders: a stream between two lines has none, so an idle client costs no memory for it. */
export class LineDecoders {
  readonly #options: LineDecoderOptions;
  readonly #spare: LineDecoder[] = [];

  constructor(options: LineDecoderOptions) {
    this.#options = options;
  }

  /** Returns a decoder that is nobody else's, between two lines. */
  lend(): LineDecoder {
    return this.#spare.pop() ?? new LineDecoder(this.#options);
  }

  /** Takes a decoder back. @returns it, if a line has begun: then the stream still needs it; otherwise null */
  takeBack(decoder: LineDecoder): LineDecoder | null {
    if (decoder.hasPending) return decoder;
    if (this.#spare.length < MAX_SPARE) this.#spare.push(decoder);
    return null;
  }
}
