/** The memory that a datagram socket receives a batch of messages into. */
import type { DecodedControl, NativeBinding } from '../binding/contract.js';

/** How many messages a socket receives in one turn at most, so that a busy one waits for the others. */
export const BATCH_MESSAGES = 64;

const ADDRESS_BYTES = 128;
const WORDS_PER_MESSAGE = 3;
/** Messages that begin at multiples of a large power of two would push each other out of the processor's cache. */
const GAP_BYTES = 64;

/** Receives a batch of messages, and shows them one by one. */
export class DatagramSlab {
  readonly addresses = Buffer.allocUnsafeSlow(BATCH_MESSAGES * ADDRESS_BYTES);
  /** The same memory, four bytes at a time. */
  readonly addressWords = new Int32Array(this.addresses.buffer);
  readonly #words = new Int32Array(BATCH_MESSAGES * WORDS_PER_MESSAGE);
  readonly #controls: (readonly DecodedControl[] | undefined)[] = [];
  /** By position: messages are often as long as those before. */
  readonly #views: (Buffer | undefined)[] = new Array<Buffer | undefined>(BATCH_MESSAGES);
  #bytes = Buffer.alloc(0);
  #control = Buffer.alloc(0);
  #strideBytes = 0;
  #messageBytes = 0;

  /** recvmmsg(2). @returns how many messages there are, or the errno, negative */
  receive(calls: Pick<NativeBinding, 'recvDatagrams'>, fd: number, messageBytes: number, controlBytes: number): number {
    this.#prepare(messageBytes, controlBytes);
    return calls.recvDatagrams(
      fd,
      this.#bytes,
      this.#strideBytes,
      this.addresses,
      this.#control,
      controlBytes,
      this.#words,
      this.#controls,
    );
  }

  #prepare(messageBytes: number, controlBytes: number): void {
    const strideBytes = Math.ceil(messageBytes / GAP_BYTES) * GAP_BYTES + GAP_BYTES;
    if (this.#bytes.length < strideBytes * BATCH_MESSAGES) {
      this.#bytes = Buffer.allocUnsafeSlow(strideBytes * BATCH_MESSAGES);
      this.#views.fill(undefined);
    }
    if (this.#control.length < controlBytes * BATCH_MESSAGES) {
      this.#control = Buffer.allocUnsafeSlow(controlBytes * BATCH_MESSAGES);
    }
    this.#strideBytes = strideBytes;
    this.#messageBytes = messageBytes;
  }

  /** The whole length of a message, which may be more than was received. */
  wholeBytes(index: number): number {
    return this.#words[index * WORDS_PER_MESSAGE] ?? 0;
  }

  flags(index: number): number {
    return this.#words[index * WORDS_PER_MESSAGE + 1] ?? 0;
  }

  addressStart(index: number): number {
    return index * ADDRESS_BYTES;
  }

  addressLength(index: number): number {
    return Math.min(this.#words[index * WORDS_PER_MESSAGE + 2] ?? 0, ADDRESS_BYTES);
  }

  /** The received bytes of a message, valid until the next batch. */
  bytes(index: number): Buffer {
    const length = Math.min(this.wholeBytes(index), this.#messageBytes);
    const start = index * this.#strideBytes;
    const latest = this.#views[index];
    if (latest?.length === length && latest.byteOffset === start) return latest;
    const view = this.#bytes.subarray(start, start + length);
    this.#views[index] = view;
    return view;
  }

  /** The control messages of a message, which are the caller's from now on; undefined if it has none. */
  takeControl(index: number): readonly DecodedControl[] | undefined {
    const control = this.#controls[index];
    if (control !== undefined) this.#controls[index] = undefined;
    return control;
  }
}

/** Slabs that are not in use. A handler that runs the multiplexer itself receives into another one than its caller. */
const free: DatagramSlab[] = [];

/** Lends a slab to `use`. */
export function withDatagramSlab(use: (slab: DatagramSlab) => void): void {
  const slab = free.pop() ?? new DatagramSlab();
  try {
    use(slab);
  } finally {
    free.push(slab);
  }
}
