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
/** Hardly any message has control messages. */
const NO_KINDS = new Int32Array(0);

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
    const count = Math.min(this.length, SEND_BATCH);
    const messages: Uint8Array[] = [];
    const addresses: (RawAddress | null)[] = [];
    const kinds: number[] = [];
    const contents: Uint8Array[] = [];
    for (let index = 0; index < count; index += 1) {
      const { bytes, address, control } = present(this.#messages[this.#first + index], 'a queued message');
      messages.push(bytes);
      addresses.push(address);
      for (const { level, type, data } of control) {
        kinds.push(index, level, type);
        contents.push(data);
      }
    }
    const controlKinds = kinds.length === 0 ? NO_KINDS : Int32Array.from(kinds);
    return calls.sendMmsg(fd, messages, addresses, controlKinds, contents, MSG_DONTWAIT);
  }
}

function sizeOf({ bytes }: QueuedDatagram): number {
  return bytes.length + MESSAGE_OVERHEAD_BYTES;
}
