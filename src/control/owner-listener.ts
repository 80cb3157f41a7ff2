/** A unix socket in a folder, for the user of this process and for root. */
import type { Connection } from '../net/connection.js';
import { listen, type Listener } from '../net/listener.js';
import { peerCredentialsOf } from '../socket/peer-credentials.js';
import { type SocketPath, socketPath } from './socket-path.js';

/** Only the owner may open the file. */
const MODE = 0o600;

/** A peer that has been let in. */
export interface Visitor {
  /** Bytes have arrived. Their memory is reused as soon as this returns. */
  take(bytes: Uint8Array): void;
  /** It sends no more. */
  end(): void;
  /** The connection has room again. */
  drained?(): void;
  /** The connection is closed. */
  closed?(): void;
}

/** The options of such a socket. */
export interface OwnerListenerOptions {
  readonly folder: string;
  /** The name of the socket's file. */
  readonly file: string;
  /** The most connections at once, at least 1. */
  readonly maxConnections: number;
  /** A connection with more bytes to send than this reports when it has room again. @defaultValue that of `listen` */
  readonly highWaterMarkBytes?: number;
  readonly accept: (connection: Connection) => Visitor;
  /** Called when a peer is somebody else. */
  readonly onStranger: (uid: number) => void;
  readonly onError: (error: Error) => void;
}

/**
 * An open socket. Others cannot open its file, and the kernel reports who each peer is: a peer that connects all the
 * same, for example because the file was opened to others later, is turned away.
 */
export class OwnerListener {
  readonly #listener: Listener<Visitor | null>;
  readonly #path: SocketPath;
  #closing: Promise<void> | null = null;

  private constructor(listener: Listener<Visitor | null>, path: SocketPath) {
    this.#listener = listener;
    this.#path = path;
  }

  /** Opens it. @throws as `listen` does */
  static async open({ folder, file, ...options }: OwnerListenerOptions): Promise<OwnerListener> {
    const path = socketPath(folder, file);
    try {
      return new OwnerListener(await listenForOwner(path.path, options), path);
    } catch (error) {
      path.dispose();
      throw error;
    }
  }

  /** Removes its file. It accepts nobody new; peers that are connected stay. */
  stopAccepting(): void {
    this.#listener.stopAccepting();
  }

  /** Cuts off all visitors. Idempotent. @param drainMs - how long the last bytes to them may take, in milliseconds */
  close(drainMs = 0): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    await this.#listener.close({ drainMs });
    this.#path.dispose();
  }
}

function listenForOwner(
  path: string,
  { maxConnections, highWaterMarkBytes, accept, onStranger, onError }: Omit<OwnerListenerOptions, 'folder' | 'file'>,
): Promise<Listener<Visitor | null>> {
  return listen<Visitor | null>({
    path,
    mode: MODE,
    maxConnections,
    highWaterMarkBytes,
    onError,
    socket: {
      open: (connection) => {
        connection.data = null;
        const { uid } = peerCredentialsOf(connection.fd);
        if (mayEnter(uid)) {
          connection.data = accept(connection);
          return;
        }
        connection.destroy();
        onStranger(uid);
      },
      data: ({ data }, bytes) => {
        data?.take(bytes);
      },
      end: ({ data }) => {
        data?.end();
      },
      drain: ({ data }) => {
        data?.drained?.();
      },
      close: ({ data }) => {
        data?.closed?.();
      },
    },
  });
}

/** Whether a user is that of this process, or root. */
export function mayEnter(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}
