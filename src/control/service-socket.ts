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
  /** Another process serves on the socket next. The connection is closed after this. */
  replaced?(): void;
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
  readonly #services: ReadonlySet<Service>;

  private constructor(listener: OwnerListener, services: ReadonlySet<Service>) {
    this.#listener = listener;
    this.#services = services;
  }

  /** Serves in a folder. @throws as `listen` does */
  static async open({ folder, file, serve }: ServiceSocketOptions, observer: ServiceObserver): Promise<ServiceSocket> {
    const services = new Set<Service>();
    const listener = await OwnerListener.open({
      folder,
      file,
      maxConnections: MAX_CONNECTIONS,
      highWaterMarkBytes: CHANNEL_BYTES,
      accept: (connection) => {
        const service = serve(new ConnectionChannel(connection));
        services.add(service);
        return visitorOf(service, services);
      },
      onStranger: (uid) => {
        observer.stranger(uid);
      },
      onError: (error) => {
        observer.failed(error);
      },
    });
    return new ServiceSocket(listener, services);
  }

  /** Cuts off all peers. The service itself stays open. @param isReplaced - whether they hear that another follows */
  close(isReplaced = false): Promise<void> {
    if (isReplaced) for (const service of this.#services) service.replaced?.();
    return this.#listener.close();
  }
}

function visitorOf(service: Service, services: Set<Service>): Visitor {
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
      services.delete(service);
      service.closed();
    },
  };
}
