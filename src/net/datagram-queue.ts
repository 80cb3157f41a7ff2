/** The messages that a datagram socket has to send, in order, in memory that is used again. */
import { constants } from 'node:os';
import { type NativeBinding, type RawAddress, WOULD_BLOCK } from '../binding/contract.js';
import { isSystemError } from '../errors.js';
import { MSG_DONTWAIT } from '../socket/constants.js';
import type { RawControl } from '../socket/control-message.js';

/** The bytes that a message counts besides its own, so that the number of empty ones is bounded too. */
const MESSAGE_OVERHEAD_BYTES = 64;
/** How many messages leave in one system call. */
const SEND_BATCH = 256;
/** Start and length of its bytes, start and length of its address. */
const WORDS_PER_MESSAGE = 4;
const INITIAL_BYTES = 16_384;
const INITIAL_MESSAGES = 64;
/** More memory than this is given back when the queue is empty. */
const KEPT_BYTES = 262_144;
/** A code unit of UTF-16 has at most this many bytes in UTF-8. */
const MAX_CHARACTER_BYTES = 3;
/** Longer messages are never split from one. See kMaxSegmentBytes in native/datagram_sends.cc. */
const MAX_SEGMENT_BYTES = 1200;
const EMPTY = Buffer.alloc(0);
const { EAGAIN } = constants.errno;

/** The calls that send. */
type Calls = Pick<NativeBinding, 'sendDatagrams' | 'sendMmsg'>;

/** A queue of messages that sends many in one call. */
export class DatagramQueue {
  /** Messages and addresses, one behind the other. */
  #bytes = EMPTY;
  #usedBytes = 0;
  #words = new Int32Array(INITIAL_MESSAGES * WORDS_PER_MESSAGE);
  #count = 0;
  /** The first one that has not been sent. */
  #first = 0;
  #pendingBytes = 0;
  /** The address of the latest message and where it lies: many in a row are often for one receiver. */
  #address: RawAddress | null = null;
  #addressStart = 0;
  /** By the position of their message. Hardly any message has control messages. */
  #controls: Map<number, readonly RawControl[]> | undefined;
  /** How many messages have left the queue: the number of the next one. */
  headNumber = 0;

  /** How many messages wait. */
  get length(): number {
    return this.#count - this.#first;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The recipient of the next message; null for the peer of a connected socket. */
  get headAddress(): RawAddress | null {
    const start = this.#word(this.#first, 2);
    const length = this.#word(this.#first, 3);
    return length === 0 ? null : Uint8Array.from(this.#bytes.subarray(start, start + length));
  }

  /** Whether the next two messages are similar enough for the kernel to split them from one. */
  get beginsWithRun(): boolean {
    const [one, two] = [this.#first, this.#first + 1];
    const length = this.#word(one, 1);
    return (
      this.length > 1 &&
      this.#word(one, 2) === this.#word(two, 2) &&
      length <= MAX_SEGMENT_BYTES &&
      length >= this.#word(two, 1)
    );
  }

  #word(message: number, word: number): number {
    return this.#words[message * WORDS_PER_MESSAGE + word] ?? 0;
  }

  /** Takes a copy of a message. */
  push(content: string | Uint8Array, address: RawAddress | null, control: readonly RawControl[] | undefined): void {
    const maxBytes = typeof content === 'string' ? content.length * MAX_CHARACTER_BYTES : content.length;
    this.#makeRoom(maxBytes + (address?.length ?? 0));
    const addressStart = address === null ? 0 : this.#addAddress(address);
    const start = this.#usedBytes;
    let { length } = content;
    if (typeof content === 'string') length = this.#bytes.write(content, start);
    else this.#bytes.set(content, start);
    this.#usedBytes += length;
    if (control !== undefined && control.length > 0) (this.#controls ??= new Map()).set(this.#count, control);
    this.#append(start, length, addressStart, address?.length ?? 0);
    this.#pendingBytes += length + MESSAGE_OVERHEAD_BYTES;
  }

  #append(start: number, length: number, addressStart: number, addressLength: number): void {
    const words = this.#words;
    const at = this.#count * WORDS_PER_MESSAGE;
    words[at] = start;
    words[at + 1] = length;
    words[at + 2] = addressStart;
    words[at + 3] = addressLength;
    this.#count += 1;
  }

  /** @returns where it lies */
  #addAddress(address: RawAddress): number {
    if (address === this.#address) return this.#addressStart;
    this.#address = address;
    this.#addressStart = this.#usedBytes;
    this.#bytes.set(address, this.#usedBytes);
    this.#usedBytes += address.length;
    return this.#addressStart;
  }

  #makeRoom(byteLength: number): void {
    const hasWords = (this.#count + 1) * WORDS_PER_MESSAGE <= this.#words.length;
    if (hasWords && this.#usedBytes + byteLength <= this.#bytes.length) return;
    this.#rebuild(byteLength);
  }

  /** Moves the waiting messages to the front of memory that has room for as much again. */
  #rebuild(extraBytes: number): void {
    const old = { bytes: this.#bytes, words: this.#words, first: this.#first, count: this.#count };
    const controls = this.#controls;
    const waiting = old.count - old.first;
    let byteLength = extraBytes;
    for (let message = old.first; message < old.count; message += 1) {
      byteLength += this.#word(message, 1) + this.#word(message, 3);
    }
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, byteLength * 2));
    this.#words = new Int32Array(Math.max(INITIAL_MESSAGES, waiting * 2) * WORDS_PER_MESSAGE);
    this.#reset();
    let addressFrom = -1;
    for (let message = old.first; message < old.count; message += 1) {
      const at = message * WORDS_PER_MESSAGE;
      const [start = 0, length = 0, addressStart = 0, addressLength = 0] = old.words.subarray(at, at + 4);
      if (addressLength > 0 && addressStart !== addressFrom) {
        addressFrom = addressStart;
        this.#addressStart = this.#usedBytes;
        this.#take(old.bytes, addressStart, addressLength);
      }
      const control = controls?.get(message);
      if (control !== undefined) (this.#controls ??= new Map()).set(this.#count, control);
      this.#append(this.#usedBytes, length, addressLength > 0 ? this.#addressStart : 0, addressLength);
      this.#take(old.bytes, start, length);
    }
  }

  #take(from: Buffer, start: number, length: number): void {
    from.copy(this.#bytes, this.#usedBytes, start, start + length);
    this.#usedBytes += length;
  }

  /** Removes the first `count` messages. */
  drop(count: number): void {
    for (let message = this.#first; message < this.#first + count; message += 1) {
      this.#pendingBytes -= this.#word(message, 1) + MESSAGE_OVERHEAD_BYTES;
      this.#controls?.delete(message);
    }
    this.#first += count;
    this.headNumber += count;
    if (this.#first === this.#count) this.clear();
  }

  clear(): void {
    this.headNumber += this.length;
    this.#pendingBytes = 0;
    this.#reset();
    if (this.#bytes.length > KEPT_BYTES) {
      this.#bytes = EMPTY;
      this.#words = new Int32Array(INITIAL_MESSAGES * WORDS_PER_MESSAGE);
    }
  }

  #reset(): void {
    this.#usedBytes = 0;
    this.#count = 0;
    this.#first = 0;
    this.#address = null;
    this.#controls = undefined;
  }

  /**
   * Sends the first messages by one sendmmsg(2). It does not remove them.
   *
   * @param segments whether the kernel may split one message into similar ones: UDP_SEGMENT, udp(7)
   * @returns how many were sent, or the errno, negative (-EAGAIN included), which is about the first message
   * @throws if the control messages of the first message cannot be sent at all
   */
  send(calls: Calls, fd: number, segments: boolean): number {
    let count = Math.min(this.length, SEND_BATCH);
    if (this.#controls !== undefined) {
      const control = this.#controls.get(this.#first);
      if (control !== undefined) return this.#sendWithControl(calls, fd, control);
      for (const message of this.#controls.keys()) count = Math.min(count, message - this.#first);
    }
    return calls.sendDatagrams(fd, this.#bytes, this.#words, this.#first, count, segments);
  }

  #sendWithControl(calls: Calls, fd: number, control: readonly RawControl[]): number {
    const start = this.#word(this.#first, 0);
    const bytes = this.#bytes.subarray(start, start + this.#word(this.#first, 1));
    const kinds = Int32Array.from(control.flatMap(({ level, type }) => [0, level, type]));
    const contents = control.map(({ data }) => data);
    try {
      const sent = calls.sendMmsg(fd, [bytes], [this.headAddress], kinds, contents, MSG_DONTWAIT);
      return sent === WOULD_BLOCK ? -EAGAIN : sent;
    } catch (error) {
      if (isSystemError(error)) return error.errno;
      throw error;
    }
  }
}
