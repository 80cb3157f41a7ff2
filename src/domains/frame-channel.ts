/**
 * Frames over a channel between two domains, with signs of life and a bound on the bytes that are taken in a second.
 */
import { performance } from 'node:perf_hooks';
import type { Channel } from '../log/channel.js';
import { encodeFrame, FrameReader, MAX_FRAME_BYTES } from '../log/frames.js';
import type { Shape } from '../log/shape.js';
import { Throttle } from '../throttle.js';
import { PULSE_MS, SILENCE_MS } from './messages.js';

/** The bytes that one domain may send to another, per second on average, and at once. */
const BYTES_PER_SECOND = 8_388_608;
const BURST_BYTES = 33_554_432;
/** The most bytes of a frame of somebody who may be a stranger. */
const MAX_STRANGE_BYTES = 4_096;

/** Returns a bound on the bytes of one domain. */
export function newByteThrottle(): Throttle {
  return new Throttle(BYTES_PER_SECOND, BURST_BYTES, performance.now());
}

/** The handler of messages that arrive. */
export interface FrameHandler<In> {
  /** An error that it throws closes the channel. */
  heard(message: In, body: Uint8Array): void;
  /** A message has arrived that the other end may not send; the channel is closed. */
  violated(why: string): void;
}

/** One end of an open channel. */
export class FrameChannel<In extends { readonly kind: string }> {
  readonly #channel: Channel;
  readonly #isMessage: Shape<In>;
  readonly #handler: FrameHandler<In>;
  readonly #frames = new FrameReader();
  #throttle = newByteThrottle();
  #pulses: NodeJS.Timeout | null;
  #waiting: NodeJS.Timeout | null = null;
  #isHeld = false;
  #heardMs = performance.now();
  #isOver = false;

  constructor(channel: Channel, isMessage: Shape<In>, handler: FrameHandler<In>) {
    this.#channel = channel;
    this.#isMessage = isMessage;
    this.#handler = handler;
    this.#pulses = setInterval(() => {
      this.#beat();
    }, PULSE_MS).unref();
  }

  /** How long nothing has been received, in milliseconds. */
  get silentMs(): number {
    return Math.round(performance.now() - this.#heardMs);
  }

  /** Whether the other end may be a stranger: its frames, which wait until they are complete, have to be short. */
  set isStrange(isStrange: boolean) {
    this.#frames.maxFrameBytes = isStrange ? MAX_STRANGE_BYTES : MAX_FRAME_BYTES;
  }

  /** Counts what arrives from now on in a bound that outlasts this channel. */
  set throttle(throttle: Throttle) {
    this.#throttle = throttle;
  }

  get isFull(): boolean {
    return this.#channel.isFull;
  }

  #beat(): void {
    if (this.silentMs > SILENCE_MS && !this.#isResting) this.#violated('it has been silent for too long');
    else this.send({ kind: 'pulse' });
  }

  send(head: object, body?: Uint8Array): void {
    if (!this.#isOver) this.#channel.send(encodeFrame(head, body));
  }

  /** Takes bytes that have arrived. */
  take(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#heardMs = performance.now();
    this.#frames.push(bytes);
    this.charge(this.#throttle, bytes.length);
    this.#read();
  }

  get #isResting(): boolean {
    return this.#waiting !== null || this.#isHeld;
  }

  /** Takes nothing while it is held. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld || this.#isOver) return;
    this.#isHeld = isHeld;
    if (isHeld) this.#channel.pause();
    else this.#goOn();
  }

  #goOn(): void {
    this.#heardMs = performance.now();
    this.#read();
    if (!this.#isResting && !this.#isOver) this.#channel.resume();
  }

  #read(): void {
    // Frames that have already arrived wait as well: one frame may cost as much as many.
    while (!this.#isResting) {
      const frame = this.#frames.next();
      if (frame === null) return;
      if (frame === 'malformed' || !this.#isMessage(frame.head)) {
        this.#violated('it has sent what is no message');
        return;
      }
      const { head, body } = frame;
      if (head.kind !== 'pulse') {
        this.attempt(() => {
          this.#handler.heard(head, body);
        }, `its message '${head.kind}'`);
      }
      // The handler may have ended the channel.
      if (this.#isOver) return;
    }
  }

  /**
   * Works for the other end. An error ends this channel, and not the process: call it also for work that is due later.
   *
   * @param what - names the work
   */
  attempt(work: () => void, what: string): void {
    try {
      work();
    } catch (error) {
      this.#violated(`${what} has failed: ${String(error)}`);
    }
  }

  /** Counts what the other end has cost. If that is more than a throttle allows, nothing is taken for a while. */
  charge(throttle: Throttle, cost: number): void {
    throttle.spend(cost, performance.now());
    const ms = throttle.debtMs;
    if (ms === 0 || this.#waiting !== null || this.#isOver) return;
    this.#channel.pause();
    this.#waiting = setTimeout(() => {
      this.#waiting = null;
      this.#goOn();
    }, ms).unref();
  }

  #violated(why: string): void {
    this.#handler.violated(why);
    this.close();
  }

  close(): void {
    this.end();
    this.#channel.close();
  }

  /** The channel has closed. */
  end(): void {
    this.#isOver = true;
    if (this.#pulses !== null) clearInterval(this.#pulses);
    if (this.#waiting !== null) clearTimeout(this.#waiting);
    this.#pulses = null;
    this.#waiting = null;
  }
}
