/** The messages that a datagram socket has to send, in order. */
import type { NativeBinding, RawAddress } from '../binding/contract.js';
import { present } from '../errors.js';
import { MSG_DONTWAIT } from '../socket/constants.js';
import type { RawControl } from '../socket/control-message.js';

/** What a message counts beside its bytes, so that empty ones are not without bound. */
const MESSAGE_OVERHEAD_BYTES = 64;
/** How many messages leave in one system call. */
const SEND_BATCH = 256;
/** From so many sent messages on they are removed from the front, so that removing costs little per message. */
const SPENT_MESSAGES = 1024;

/** A message that waits. */
export interface QueuedDatagram {
  readonly bytes: Uint8Array;
  readonly address: RawAddress | null;
  readonly control: readonly RawControl[];
}

/** A queue of messages that sends many in one call. */
export class DatagramQueue {
  #messages: QueuedDatagram[] = [];
  /** The first one that has not been sent. */
  #first = 0;
  #pendingBytes = 0;

  /** How many messages wait. */
  get length(): number {
    return this.#messages.length - this.#first;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The message that is sent next. */
  get head(): QueuedDatagram | undefined {
    return this.#messages[this.#first];
  }

  push(message: QueuedDatagram): void {
    this.#messages.push(message);
    this.#pendingBytes += sizeOf(message);
  }

  /** Removes the first `count` messages. */
  drop(count: number): void {
    for (let i = 0; i < count; i += 1) {
      this.#pendingBytes -= sizeOf(present(this.#messages[this.#first + i], 'a queued message'));
    }
    this.#first += count;
    if (this.#first === this.#messages.length) this.clear();
    else if (this.#first >= SPENT_MESSAGES) {
      this.#messages.splice(0, this.#first);
      this.#first = 0;
    }
  }

  clear(): void {
    this.#messages = [];
    this.#first = 0;
    this.#pendingBytes = 0;
  }

  /**
   * Sends the first messages by one sendmmsg(2). It does not remove them.
   *
   * @returns how many were sent, or WOULD_BLOCK
   * @throws the errors of sendmmsg(2), which are about the first message
   */
  send(calls: Pick<NativeBinding, 'sendMmsg'>, fd: number): number {
    const batch = this.#messages.slice(this.#first, this.#first + SEND_BATCH);
    const kinds: number[] = [];
    const contents: Uint8Array[] = [];
    batch.forEach(({ control }, index) => {
      for (const { level, type, data } of control) {
        kinds.push(index, level, type);
        contents.push(data);
      }
    });
    return calls.sendMmsg(
      fd,
      batch.map(({ bytes }) => bytes),
      batch.map(({ address }) => address),
      Int32Array.from(kinds),
      contents,
      MSG_DONTWAIT,
    );
  }
}

function sizeOf({ bytes }: QueuedDatagram): number {
  return bytes.length + MESSAGE_OVERHEAD_BYTES;
}
