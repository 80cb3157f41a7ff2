/** Opens channels to the process that has the logs of a folder. */
import { type Channel, type ChannelEvents, type Dial } from '../log/channel.js';
import { connect } from '../net/connect.js';
import { peerCredentialsOf } from '../socket/peer-credentials.js';
import { ConnectionChannel } from './connection-channel.js';
import { LOG_FILE } from './log-socket.js';
import { mayEnter } from './owner-listener.js';
import { type SocketPath, socketPath } from './socket-path.js';

/** Returns how a channel to the logs of a folder is opened. Only the user of this process, or root, may serve them. */
export function dialLogs(folder: string): Dial {
  return (events) => new Dialled(folder, events);
}

/** A channel, from the attempt to open it to its end. */
class Dialled implements Channel {
  readonly #events: ChannelEvents;
  #channel: ConnectionChannel | null = null;
  #isClosed = false;

  constructor(folder: string, events: ChannelEvents) {
    this.#events = events;
    // Events follow after the constructor has returned.
    process.nextTick(() => void this.#open(folder));
  }

  async #open(folder: string): Promise<void> {
    let path: SocketPath | null = null;
    try {
      path = socketPath(folder, LOG_FILE);
      const connection = await connect({
        path: path.path,
        socket: {
          data: (_, bytes) => {
            if (!this.#isClosed) this.#events.received(bytes);
          },
          close: () => {
            this.close();
          },
        },
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
