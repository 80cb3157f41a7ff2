/** From a client's bytes to its lines: framing, foreign protocols, and what a line may cost before it runs. */
import { describeInput, type InputParts, restoreInput } from '../input-state.js';
import type { LineDecoder, LineSink } from '../line-decoder.js';
import { LineDecoders } from '../line-decoders.js';
import { describeForeign, type ForeignProtocol, Opening } from '../opening.js';
import { Pacer } from '../pacer.js';
import type { Link } from '../session.js';
import type { InputState } from '../session-state.js';
import type { Client } from './client.js';
import { MAX_BODY_BYTES } from './encoder.js';
import type { Liveness } from './liveness.js';
import { MAX_CLIENT_TAG_BYTES, MAX_LINE_BYTES } from './message.js';

const decoders = new LineDecoders({
  maxLineBytes: MAX_CLIENT_TAG_BYTES + MAX_BODY_BYTES,
  carriageReturnEnds: true,
});

/** Runs the lines. */
export interface LineRunner {
  /** @param line - without its ending; valid until this returns */
  run(line: Uint8Array): void;
  /** Lines wait: `waitMs` has changed. */
  linesWait(): void;
}

/** The input of one client. Once the client has left, nothing is taken any more. */
export class Intake implements LineSink {
  readonly #client: Client;
  readonly #liveness: Liveness;
  readonly #runner: LineRunner;
  readonly #pacer: Pacer;
  /** Null while no line has begun. */
  #decoder: LineDecoder | null = null;
  /** Null once the first line has shown that the peer speaks no other protocol. */
  #opening: Opening | null = new Opening();

  constructor(link: Link, client: Client, { liveness, runner }: { liveness: Liveness; runner: LineRunner }) {
    this.#client = client;
    this.#liveness = liveness;
    this.#runner = runner;
    this.#pacer = new Pacer(link, client.limits, this.#now());
  }

  #now(): number {
    return this.#client.server.directory.now();
  }

  get isWaiting(): boolean {
    return this.#pacer.isWaiting;
  }

  /** Milliseconds until the next line may run; null when none waits for time to pass. */
  get waitMs(): number | null {
    return this.#pacer.waitMs;
  }

  receive(bytes: Uint8Array): void {
    if (this.#client.isOver || this.#closeIfForeign(this.#opening?.receive(bytes))) return;
    this.#pacer.beginSlice();
    const decoder = this.#lentDecoder;
    decoder.push(bytes, this);
    this.#decoder = decoders.takeBack(decoder);
  }

  get #lentDecoder(): LineDecoder {
    return (this.#decoder ??= decoders.lend());
  }

  /** The peer will send no more: an unfinished line counts as one. */
  end(): void {
    this.#decoder?.flush(this);
  }

  line(bytes: Uint8Array): void {
    if (this.#client.isOver || !this.#isWithinRegistration(bytes.length) || bytes.length === 0) return;
    if (this.#opening !== null) {
      const foreign = this.#opening.ofLine(bytes);
      this.#opening = null;
      if (this.#closeIfForeign(foreign)) return;
    }
    const nowMs = this.#now();
    this.#liveness.heard(nowMs);
    if (this.#pacer.admits(bytes, nowMs, this.#client.registration !== null)) this.#runner.run(bytes);
    else if (this.#pacer.isOverfull) this.#client.close('Excess Flood');
    else this.#runner.linesWait();
  }

  overlong(): void {
    if (this.#client.isOver || !this.#isWithinRegistration(MAX_LINE_BYTES)) return;
    if (this.#closeIfForeign(this.#opening?.ofBeginning())) return;
    this.#opening = null;
    this.#client.replyOverlong();
  }

  /** Keeps another protocol's bytes from being run as commands. @returns whether the client was closed */
  #closeIfForeign(protocol: ForeignProtocol | null | undefined): boolean {
    if (protocol === null || protocol === undefined) return false;
    this.#client.close(describeForeign(protocol));
    return true;
  }

  /** Lines before registration are not paced, so their number is limited. @returns whether the line is still taken */
  #isWithinRegistration(byteLength: number): boolean {
    const { registration, limits } = this.#client;
    if (registration === null) return true;
    registration.bytes += byteLength + 1;
    // CRLF also yields an empty line.
    if (byteLength > 0) registration.lines += 1;
    const { registrationLines, registrationBytes } = limits;
    const isWithin =
      (registrationLines === 0 || registration.lines <= registrationLines) &&
      (registrationBytes === 0 || registration.bytes <= registrationBytes);
    if (!isWithin) this.#client.close('Excess Flood before registration');
    return isWithin;
  }

  /** The input that has been received and has not run. */
  get state(): InputState {
    return this.#withParts((parts) => describeInput(parts, this.#now()));
  }

  /** Goes on where another intake has stopped. */
  restore(state: InputState): void {
    this.#opening = this.#withParts((parts) => restoreInput(parts, state));
  }

  #withParts<T>(use: (parts: InputParts) => T): T {
    const decoder = this.#lentDecoder;
    const result = use({ decoder, pacer: this.#pacer, opening: this.#opening });
    this.#decoder = decoders.takeBack(decoder);
    return result;
  }

  /** The others have had their turn: lines may run again. */
  beginSlice(): void {
    this.#pacer.beginSlice();
  }

  /** Runs the lines that are due. */
  runWaiting(): void {
    while (!this.#client.isOver) {
      const line = this.#pacer.next(this.#now(), this.#client.registration !== null);
      if (line === null) return;
      this.#runner.run(line);
    }
  }

  /** Counts the line that runs as so many more. */
  spend(lines: number): void {
    this.#pacer.spend(lines, this.#now());
  }

  /** Counts steps that a command has taken. */
  charge(steps: number): void {
    this.#pacer.charge(steps);
  }

  /** Blocks all lines until `release`: the answer to one takes a while, and lines are answered in order. */
  hold(): void {
    this.#pacer.hold();
  }

  release(): void {
    this.#pacer.release();
  }

  /** The client has other limits. */
  relocated(): void {
    this.#pacer.setPace(this.#client.limits, this.#now());
  }

  /** Drops the lines that wait. */
  clear(): void {
    this.#pacer.clear();
  }
}
