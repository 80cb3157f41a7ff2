/** The adapter that Node.js puts between a socket of `node:tls` and a stream that is no socket of `node:net`. */
import type { TLSSocket } from 'node:tls';

/** Its side towards the socket: a StreamBase of Node.js. */
interface StreamHandle {
  /** Takes bytes that have arrived. It copies them. */
  readBuffer(bytes: Uint8Array): void;
}

/** The part of Node's JSStreamSocket that is used. */
interface StreamSocket {
  /** Null once it is destroyed. */
  readonly _handle: StreamHandle | null;
  /** Confirms the write under way, if there is one. */
  finishWrite(handle: StreamHandle, status: number): void;
}

/** Takes bytes to `node:tls` and from it, and confirms its writes, without events, ticks and immediates of streams. */
export class TlsAdapter {
  readonly #socket: StreamSocket;
  readonly #above: TLSSocket;

  private constructor(socket: StreamSocket, above: TLSSocket) {
    this.#socket = socket;
    this.#above = above;
  }

  /** Returns the adapter below a socket; null in a runtime that has none. */
  static below(socket: TLSSocket): TlsAdapter | null {
    const adapter = member(member(socket, '_handle'), '_parentWrap');
    return isStreamSocket(adapter) ? new TlsAdapter(adapter, socket) : null;
  }

  /** @param bytes valid until this returns */
  receive(bytes: Uint8Array): void {
    this.#socket._handle?.readBuffer(bytes);
  }

  /** Has decrypted bytes handed to `take`; `data` is emitted only for those that arrive while the socket is paused. */
  divert(take: (bytes: Buffer) => void): void {
    const socket = this.#above;
    const push = socket.push.bind(socket);
    socket.push = (bytes: unknown, encoding) => {
      const isDirect = socket.readableFlowing === true && socket.readableLength === 0 && !socket.destroyed;
      if (!(bytes instanceof Buffer) || !isDirect) return push(bytes, encoding);
      take(bytes);
      return true;
    };
  }

  confirmWrite(): void {
    const { _handle: handle } = this.#socket;
    // If it is destroyed, it cancels the write itself.
    if (handle !== null) this.#socket.finishWrite(handle, 0);
  }
}

function isStreamSocket(value: unknown): value is StreamSocket {
  const handle = member(value, '_handle');
  // Deno has an adapter of the same name, whose handle lacks the last one. Nothing promises that it copies bytes.
  return [member(value, 'finishWrite'), member(handle, 'readBuffer'), member(handle, 'finishWrite')].every(
    (each) => typeof each === 'function',
  );
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
