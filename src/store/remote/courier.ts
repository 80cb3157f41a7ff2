/** Messages of any size over a channel: they go in pieces, no faster than the channel takes them. */
import type { Channel } from '../../log/channel.js';
import { encodeFrame, FrameReader } from '../../log/frames.js';
import { record, type Shape, whole } from '../../log/shape.js';

/** The most bytes of a piece. */
const PIECE_BYTES = 262_144;
/** The most bytes of a message that is received: all rooms of a large store are in one. */
const MAX_MESSAGE_BYTES = 1_073_741_824;

/** The head of a piece that another one follows: its message has so many bytes in all. */
const isPiece: Shape<{ readonly rest: number }> = record({ rest: whole(1) });

const NO_BODY = new Uint8Array();

/** One end. */
export class Courier {
  readonly #channel: Channel;
  readonly #frames = new FrameReader();
  /** The bytes that the channel has not taken yet, in order. */
  #waiting: Uint8Array[] = [];
  #pieces: Uint8Array[] = [];
  #receivedBytes = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Whether something waits for the channel. */
  get isBehind(): boolean {
    return this.#waiting.length > 0;
  }

  /** Sends a message. The body must not be changed afterwards. */
  send(head: object, body: Uint8Array = NO_BODY): void {
    let at = 0;
    for (; body.length - at > PIECE_BYTES; at += PIECE_BYTES) {
      this.#send(encodeFrame({ rest: body.length - at }, body.subarray(at, at + PIECE_BYTES)));
    }
    this.#send(encodeFrame(head, body.subarray(at)));
  }

  #send(frame: Uint8Array): void {
    if (this.isBehind || this.#channel.isFull) this.#waiting.push(frame);
    else this.#channel.send(frame);
  }

  /** The channel has room again. */
  drained(): void {
    let sent = 0;
    for (; sent < this.#waiting.length && !this.#channel.isFull; sent += 1) {
      this.#channel.send(this.#waiting[sent] ?? NO_BODY);
    }
    this.#waiting = this.#waiting.slice(sent);
  }

  /**
   * Takes bytes of the channel.
   *
   * @param heard - is called with each message; it owns the body. It returns false if that message must not arrive now
   * @returns false if the bytes are no messages: nothing after them is one either
   */
  take(bytes: Uint8Array, heard: (head: unknown, body: Uint8Array) => boolean): boolean {
    this.#frames.push(bytes);
    for (let frame = this.#frames.next(); frame !== null; frame = this.#frames.next()) {
      if (frame === 'malformed') return false;
      this.#pieces.push(frame.body.slice());
      this.#receivedBytes += frame.body.length;
      if (isPiece(frame.head)) {
        if (this.#receivedBytes + frame.head.rest > MAX_MESSAGE_BYTES) return false;
        continue;
      }
      const body = Buffer.concat(this.#pieces);
      this.#pieces = [];
      this.#receivedBytes = 0;
      if (!heard(frame.head, body)) return false;
    }
    return true;
  }
}
