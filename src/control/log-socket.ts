/** The socket on which one process serves its logs to the others of the same user. */
import { LogService, PackBytes } from '../log/log-service.js';
import type { SharedLog } from '../log/shared-log.js';
import type { Listener } from '../net/listener.js';
import { CHANNEL_BYTES, ConnectionChannel } from './connection-channel.js';
import { listenForOwner, type Visitor } from './owner-listener.js';
import { type SocketPath, socketPath } from './socket-path.js';

/** The name of the file. */
export const LOG_FILE = 'log.sock';

/** Processes at once. */
const MAX_CONNECTIONS = 256;

/** Hears of what nobody asked for. */
export interface LogSocketObserver {
  /** Somebody else than the owner and root has connected, and is turned away. */
  stranger(uid: number): void;
  failed(error: Error): void;
}

/** An open socket. */
export class LogSocket {
  readonly #listener: Listener<Visitor | null>;
  readonly #path: SocketPath;
  #closing: Promise<void> | null = null;

  private constructor(listener: Listener<Visitor | null>, path: SocketPath) {
    this.#listener = listener;
    this.#path = path;
  }

  /** Serves a log in a folder. @throws as `listen` does */
  static async open(folder: string, log: SharedLog, observer: LogSocketObserver): Promise<LogSocket> {
    const path = socketPath(folder, LOG_FILE);
    const bytes = new PackBytes();
    try {
      const listener = await listenForOwner({
        path: path.path,
        maxConnections: MAX_CONNECTIONS,
        highWaterMarkBytes: CHANNEL_BYTES,
        accept: (connection) => visitorOf(new LogService(log, new ConnectionChannel(connection), bytes)),
        onStranger: (uid) => {
          observer.stranger(uid);
        },
        onError: (error) => {
          observer.failed(error);
        },
      });
      return new LogSocket(listener, path);
    } catch (error) {
      path.dispose();
      throw error;
    }
  }

  /** Cuts off all who use the log. The log itself stays open. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#listener.close();
    this.#path.dispose();
  }
}

function visitorOf(service: LogService): Visitor {
  return {
    take: (bytes) => {
      service.received(bytes);
    },
    end: () => {
      service.hangUp();
    },
    drained: () => {
      service.drained();
    },
    closed: () => {
      service.closed();
    },
  };
}
