/** Opens channels to the process that serves in a folder. */
import { type Channel, type ChannelEvents, type Dial } from '../log/channel.js';
import { connect } from '../net/connect.js';
import { peerCredentialsOf } from '../socket/peer-credentials.js';
import { CHANNEL_BYTES, ConnectionChannel } from './connection-channel.js';
import { mayEnter } from './owner-listener.js';
import { type SocketPath, socketPath } from './socket-path.js';

/**
 * Returns a function that opens a channel to the service of a folder. Only the user of this process, or root, may serve
 * it.
 *
 * @param file - the name of the socket's file
 */
export function dialService(folder: string, file: string): Dial {
  return (events) => new Dialled(folder, file, events);
}

/** A channel, from the attempt to open it to its end. */
class Dialled implements Channel {
  readonly #events: ChannelEvents;
  #channel: ConnectionChannel | null = null;
  #isClosed = false;

  constructor(folder: string, file: string, events: ChannelEvents) {
    this.#events = events;
    // Events follow after the constructor has returned.
    process.nextTick(() => void this.#open(folder, file));
  }

  async #open(folder: string, file: string): Promise<void> {
    let path: SocketPath | null = null;
    try {
      path = socketPath(folder, file);
      const connection = await connect({
        path: path.path,
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
        highWaterMarkBytes: CHANNEL_BYTES,
      });
      if (this.#isClosed || !mayEnter(peerCredentialsOf(connection.fd).uid)) {
        connection.destroy();
        this.close();
        return;
      }
      this.#channel = new ConnectionChannel(connection);
      this.#events.opened();
    } catch {
      this.close();
    } finally {
      path?.dispose();
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
    this.#channel?.close();
    process.nextTick(() => {
      this.#events.closed();
    });
  }
}
