/** A connection as a Duplex of Node.js, for every consumer of one: http, tls, readline, pipeline. */
import { AsyncResource } from 'node:async_hooks';
import type { Duplex } from 'node:stream';
import { closedError } from '../errors.js';
import { type ByteCarrier, byteDuplex, type Done, type DuplexOptions } from '../socket/duplex.js';
import type { Connection, ConnectionEvents } from './connection.js';

/**
 * Longer writes are cut into pieces, each written as soon as there is room: a stream may be given more at once than a
 * connection may hold.
 */
const PIECE_BYTES = 65_536;

/** A Duplex's view of a connection. */
export type DuplexSource = Pick<
  Connection<never>,
  'write' | 'end' | 'destroy' | 'pause' | 'resume' | 'isWritable' | 'remoteAddress'
>;

/** The target of a connection's events. */
type DuplexContext = Pick<AsyncResource, 'runInAsyncScope'>;

/** The stream of {@link Connection.toDuplex}. */
export class ConnectionDuplex<T> extends byteDuplex() {
  readonly #connection: DuplexSource;
  /** These replace the user's handlers. */
  readonly events: ConnectionEvents<T>;

  /** @param context - in which the listeners of the stream run */
  constructor(connection: DuplexSource, options: DuplexOptions, context: DuplexContext = new AsyncResource('FDMUX')) {
    const carrier = new ConnectionCarrier<T>(connection, context);
    super(carrier, options);
    this.#connection = connection;
    this.events = carrier.events;
  }

  /** The host of the peer's address, under the name that node:net uses; undefined for unix sockets. */
  get remoteAddress(): string | undefined {
    const address = this.#connection.remoteAddress;
    return 'host' in address ? address.host : undefined;
  }

  get remotePort(): number | undefined {
    const address = this.#connection.remoteAddress;
    return 'port' in address ? address.port : undefined;
  }
}

/**
 * Reads bytes only as fast as the stream's reader takes them, and completes a write when the connection's queue is
 * below its high-water mark.
 */
class ConnectionCarrier<T> implements ByteCarrier {
  readonly readable = true;
  readonly writable = true;
  readonly #connection: DuplexSource;
  readonly #context: DuplexContext;
  #stream: Duplex | undefined;
  /** The rest of the write that `#written` waits for. */
  #pieces: Iterator<Buffer> | null = null;
  #written: Done | null = null;
  #ended: Done | null = null;
  #isPeerDone = false;
  /** Whether everything that the connection took has left, and its side is ended. */
  #isFinished = false;
  /** Whether the connection refused bytes, because other code had ended or destroyed it. */
  #isCut = false;

  constructor(connection: DuplexSource, context: DuplexContext) {
    this.#connection = connection;
    this.#context = context;
  }

  readonly events: ConnectionEvents<T> = {
    data: (_connection, bytes) => this.#inContext(this.#received, bytes),
    end: () => this.#inContext(this.#peerEnded),
    drain: () => this.#inContext(this.#writeOn),
    finish: () => this.#inContext(this.#finished),
    close: (_connection, error) => this.#inContext(this.#closed, error),
  };

  attach(stream: Duplex): void {
    this.#stream = stream;
  }

  read(): void {
    this.#connection.resume();
  }

  write(chunks: readonly Buffer[], done: Done): void {
    this.#written = done;
    let byteLength = 0;
    for (const chunk of chunks) byteLength += chunk.length;
    if (byteLength <= PIECE_BYTES) {
      let hasRoom = true;
      for (const chunk of chunks) hasRoom = this.#send(chunk);
      if (hasRoom) this.#settleWrite(null);
    } else {
      this.#pieces = piecesOf(chunks);
      this.#writeOn();
    }
  }

  end(done: Done): void {
    this.#ended = done;
    this.#connection.end();
    // Other code may have ended it already.
    if (this.#isFinished) this.#settleEnd(null);
  }

  destroy(error: Error | null): void {
    this.#connection.destroy(error ?? undefined);
  }

  /** Calls a method in the async context in which the stream was made, so that its listeners run there. */
  #inContext<Args extends unknown[]>(method: (...args: Args) => void, ...args: Args): void {
    this.#context.runInAsyncScope(method, this, ...args);
  }

  #received(bytes: Buffer): void {
    // The stream keeps what it is given, and the bytes lie in the receive slab.
    if (this.#stream?.push(Buffer.from(bytes)) === false) this.#connection.pause();
  }

  #peerEnded(): void {
    this.#isPeerDone = true;
    this.#stream?.push(null);
  }

  #finished(): void {
    this.#isFinished = true;
    if (!this.#isCut) this.#writeOn();
    this.#settleEnd(null);
  }

  #closed(error: Error | undefined): void {
    const isOrderly = error === undefined && this.#isPeerDone && this.#isFinished && !this.#isCut;
    // The reader may still have something to read.
    if (isOrderly) this.#stream?.end();
    else this.#stream?.destroy(error);
    // An error takes its stack down, which costs more than the rest of this.
    if (this.#written === null && this.#ended === null) return;
    // Not all bytes of a pending write have left.
    const reason = error ?? closedError('the connection');
    this.#settleWrite(reason);
    this.#settleEnd(reason);
  }

  /** Writes while there is room. */
  #writeOn(): void {
    for (let next = this.#pieces?.next(); next?.done === false; next = this.#pieces?.next()) {
      if (!this.#send(next.value)) return;
    }
    this.#settleWrite(null);
  }

  /** @returns whether there is room for more */
  #send(bytes: Buffer): boolean {
    const hasRoom = this.#connection.write(bytes);
    if (!hasRoom && !this.#connection.isWritable) this.#isCut = true;
    return hasRoom;
  }

  #settleWrite(error: Error | null): void {
    const done = this.#written;
    this.#pieces = null;
    this.#written = null;
    done?.(error);
  }

  #settleEnd(error: Error | null): void {
    const done = this.#ended;
    this.#ended = null;
    done?.(error);
  }
}

function* piecesOf(chunks: readonly Buffer[]): Generator<Buffer, void, undefined> {
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += PIECE_BYTES) yield chunk.subarray(start, start + PIECE_BYTES);
  }
}
