/** A connection as a Duplex of Node.js, for everything that takes one: http, tls, readline, pipeline. */
import { Duplex } from 'node:stream';

import type { Connection, ConnectionEvents } from './connection.js';

/** Options of {@link Connection.toDuplex}. */
export interface DuplexOptions {
  /**
   * Whether the stream stays writable when the peer has ended its side; by default true, as of every Duplex. With false, what is
   * still on its way through a TLSSocket on top of it would be cut off.
   */
  readonly allowHalfOpen?: boolean | undefined;
}

type Callback = (error?: Error | null) => void;

/**
 * The stream of {@link Connection.toDuplex}. It asks for bytes only as fast as they are read, and calls back a write when the
 * connection's queue is below its high-water mark.
 */
export class ConnectionDuplex<T> extends Duplex {
  readonly #connection: Connection<T>;
  #writeCallback: Callback | null = null;
  #finalCallback: Callback | null = null;
  #isPeerDone = false;

  constructor(connection: Connection<T>, options: DuplexOptions) {
    super({ allowHalfOpen: options.allowHalfOpen ?? true });
    this.#connection = connection;
  }

  /** The peer's address as node:net has it; a path or an abstract name for unix sockets. */
  get remoteAddress(): string | undefined {
    const address = this.#connection.remoteAddress;
    return 'host' in address ? address.host : undefined;
  }

  get remotePort(): number | undefined {
    const address = this.#connection.remoteAddress;
    return 'port' in address ? address.port : undefined;
  }

  /** What takes the place of the user's handlers. */
  readonly events: ConnectionEvents<T> = {
    data: (connection, bytes) => {
      // The stream keeps what it is given, and the bytes lie in the receive slab.
      if (!this.push(Buffer.from(bytes))) connection.pause();
    },
    end: () => {
      this.#isPeerDone = true;
      this.push(null);
    },
    drain: () => {
      this.#settleWrite(null);
    },
    finish: () => {
      this.#settleFinal(null);
    },
    close: (_connection, error) => {
      this.#settleWrite(error ?? null);
      this.#settleFinal(error ?? null);
      // After an orderly end the reader may still have something to read.
      if (error !== undefined || !this.#isPeerDone) this.destroy(error);
    },
  };

  override _read(): void {
    this.#connection.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    if (this.#connection.write(chunk)) callback();
    else this.#writeCallback = callback;
  }

  override _writev(chunks: { chunk: Buffer }[], callback: Callback): void {
    let hasRoom = true;
    for (const { chunk } of chunks) hasRoom = this.#connection.write(chunk);
    if (hasRoom) callback();
    else this.#writeCallback = callback;
  }

  override _final(callback: Callback): void {
    this.#finalCallback = callback;
    this.#connection.end();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#connection.destroy(error ?? undefined);
    callback(error);
  }

  #settleWrite(error: Error | null): void {
    const callback = this.#writeCallback;
    this.#writeCallback = null;
    callback?.(error);
  }

  #settleFinal(error: Error | null): void {
    const callback = this.#finalCallback;
    this.#finalCallback = null;
    callback?.(error);
  }
}
