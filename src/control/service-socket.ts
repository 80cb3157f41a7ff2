/** A socket on which one process serves the other processes of the same user. */
import type { Channel } from '../log/channel.js';
import { CHANNEL_BYTES, ConnectionChannel } from './connection-channel.js';
import { OwnerListener, type Visitor } from './owner-listener.js';

/** The names of the files: the logs of a folder, and its store. */
export const LOG_FILE = 'log.sock';
export const STORE_FILE = 'store.sock';

/** The most processes at once. */
const MAX_CONNECTIONS = 256;

/** The observer of unexpected events. */
export interface ServiceObserver {
  /** Somebody other than the owner and root has connected, and is turned away. */
  stranger(uid: number): void;
  failed(error: Error): void;
}

/** The service for one peer. It is handed the events of the channel. */
export interface Service {
  received(bytes: Uint8Array): void;
  drained(): void;
  /** The peer sends nothing more. */
  hangUp(): void;
  closed(): void;
}

/** The place and the service of a socket. */
export interface ServiceSocketOptions {
  readonly folder: string;
  /** The name of the socket's file. */
  readonly file: string;
  /** Makes the service for one peer. */
  readonly serve: (channel: Channel) => Service;
}

/** An open socket. */
export class ServiceSocket {
  readonly #listener: OwnerListener;

  private constructor(listener: OwnerListener) {
    this.#listener = listener;
  }

  /** Serves in a folder. @throws as `listen` does */
  static async open({ folder, file, serve }: ServiceSocketOptions, observer: ServiceObserver): Promise<ServiceSocket> {
    const listener = await OwnerListener.open({
      folder,
      file,
      maxConnections: MAX_CONNECTIONS,
      highWaterMarkBytes: CHANNEL_BYTES,
      accept: (connection) => visitorOf(serve(new ConnectionChannel(connection))),
      onStranger: (uid) => {
        observer.stranger(uid);
      },
      onError: (error) => {
        observer.failed(error);
      },
    });
    return new ServiceSocket(listener);
  }

  /** Cuts off all peers. The service itself stays open. */
  close(): Promise<void> {
    return this.#listener.close();
  }
}

function visitorOf(service: Service): Visitor {
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
