/** The channel over a connection that is being opened. */
import type { Channel, ChannelEvents } from '../log/channel.js';
import type { ConnectOptions } from '../net/connect.js';
import type { Connection } from '../net/connection.js';
import { ConnectionChannel } from './connection-channel.js';

/** Opens the connection, with these among its options. @throws if that fails: the channel is closed then */
export type OpenConnection = (
  options: Pick<ConnectOptions<undefined>, 'socket' | 'signal'>,
) => Promise<Connection<undefined>>;

/** A channel, from the attempt to open it to its end. */
export class DialledChannel implements Channel {
  readonly #events: ChannelEvents;
  readonly #abort = new AbortController();
  #channel: ConnectionChannel | null = null;
  #isClosed = false;

  /** @param failed - called with the reason if the connection has not opened */
  constructor(events: ChannelEvents, open: OpenConnection, failed: (error: unknown) => void = () => undefined) {
    this.#events = events;
    // Events follow after the constructor has returned.
    process.nextTick(() => void this.#open(open, failed));
  }

  async #open(open: OpenConnection, failed: (error: unknown) => void): Promise<void> {
    try {
      const connection = await open({
        signal: this.#abort.signal,
        socket: {
          data: (_, bytes) => {
            if (!this.#isClosed) this.#events.received(bytes);
          },
          drain: () => {
            this.#events.drained();
          },
          close: () => {
            this.close();
          },
        },
      });
      if (this.#isClosed) {
        connection.destroy();
        return;
      }
      this.#channel = new ConnectionChannel(connection);
      this.#events.opened();
    } catch (error) {
      if (!this.#isClosed) failed(error);
      this.close();
    }
  }

  send(bytes: Uint8Array): void {
    this.#channel?.send(bytes);
  }

  get isFull(): boolean {
    return this.#channel?.isFull ?? true;
  }

  pause(): void {
    this.#channel?.pause();
  }

  resume(): void {
    this.#channel?.resume();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#abort.abort();
    this.#channel?.close();
    process.nextTick(() => {
      this.#events.closed();
    });
  }
}
