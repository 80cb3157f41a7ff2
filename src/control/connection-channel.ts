/** A connection as the channel of a log. */
import type { Channel } from '../log/channel.js';
import type { Connection } from '../net/connection.js';

/** The bytes that may wait for a peer before its logs have to wait: the high-water mark of its connection. */
export const CHANNEL_BYTES = 1_048_576;

/** One end of a connection that is open. */
export class ConnectionChannel implements Channel {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  send(bytes: Uint8Array): void {
    if (this.#connection.isWritable) this.#connection.write(bytes);
  }

  get isFull(): boolean {
    return this.#connection.pendingBytes > CHANNEL_BYTES;
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  close(): void {
    this.#connection.destroy();
  }
}
