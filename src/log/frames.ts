/** Frames of a channel: a head, which is a JSON object, and a body of bytes. */
import { MAX_PACK_BYTES } from './codec.js';

/** The most bytes of a head: the names of 200 rooms of 64 bytes fit, even if JSON escapes each of them. */
const MAX_HEAD_BYTES = 32_768;
/** The prefix: the length of everything that follows it, and the length of the head. */
const PREFIX_BYTES = 8;
/** The most bytes of a frame. */
export const MAX_FRAME_BYTES = PREFIX_BYTES + MAX_HEAD_BYTES + MAX_PACK_BYTES;

const NO_BODY = new Uint8Array();

/** One frame. */
export interface Frame {
  /** The head, as parsed from JSON. */
  readonly head: unknown;
  readonly body: Uint8Array;
}

/** Returns the bytes of a frame. The caller keeps head and body within their bounds. */
export function encodeFrame(head: object, body: Uint8Array = NO_BODY): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(PREFIX_BYTES + text.length + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 4 + text.length + body.length);
  view.setUint32(4, text.length);
  bytes.set(text, PREFIX_BYTES);
  bytes.set(body, PREFIX_BYTES + text.length);
  return bytes;
}

/** Finds the frames in the bytes of a channel, however the bytes are cut. */
export class FrameReader {
  /** The most bytes of a frame that is accepted: at most {@link MAX_FRAME_BYTES}. */
  maxFrameBytes = MAX_FRAME_BYTES;
  /** The bytes that have not been taken yet: from `#start` to `#end`. */
  #bytes = new Uint8Array(4_096);
  #start = 0;
  #end = 0;

  /** Takes bytes, which are copied. */
  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #makeRoom(length: number): void {
    const waiting = this.#bytes.subarray(this.#start, this.#end);
    const needed = waiting.length + length;
    const target = needed <= this.#bytes.length / 2 ? this.#bytes : new Uint8Array(2 * needed);
    target.set(waiting);
    this.#bytes = target;
    this.#start = 0;
    this.#end = waiting.length;
  }

  /**
   * Takes the next frame. Its body is valid until the next call of {@link push}.
   *
   * @returns null while it is incomplete; `malformed` if the bytes are not a frame: nothing after them is one either
   */
  next(): Frame | null | 'malformed' {
    const length = this.#end - this.#start;
    if (length < PREFIX_BYTES) return null;
    const view = new DataView(this.#bytes.buffer, this.#start, length);
    const frameLength = 4 + view.getUint32(0);
    const headLength = view.getUint32(4);
    if (frameLength > this.maxFrameBytes || headLength > MAX_HEAD_BYTES) return 'malformed';
    if (PREFIX_BYTES + headLength > frameLength) return 'malformed';
    if (length < frameLength) return null;
    const frame = this.#bytes.subarray(this.#start, this.#start + frameLength);
    this.#start += frameLength;
    const head = parse(frame.subarray(PREFIX_BYTES, PREFIX_BYTES + headLength));
    return head === undefined ? 'malformed' : { head, body: frame.subarray(PREFIX_BYTES + headLength) };
  }
}

/** Parses JSON in UTF-8; returns undefined, which JSON cannot express, if it is invalid. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
