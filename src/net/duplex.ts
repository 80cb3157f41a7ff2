/** A connection as a Duplex of Node.js, for everything that takes one: http, tls, readline, pipeline. */
import { AsyncResource } from 'node:async_hooks';
import { Duplex } from 'node:stream';
import { checkBoolean, checkOptions, type OptionNames } from '../arguments.js';
import { closedError } from '../errors.js';
import type { Connection, ConnectionEvents } from './connection.js';

/** Options of {@link Connection.toDuplex}. */
export interface DuplexOptions {
  /**
   * Whether the stream stays writable when the peer has ended its side; by default true, as of every Duplex. With
   * false, what is still on its way through a TLSSocket on top of it would be cut off.
   */
  readonly allowHalfOpen?: boolean | undefined;
}

const OPTIONS: OptionNames<DuplexOptions> = { allowHalfOpen: true };

/** @throws ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION */
export function checkDuplexOptions(options: DuplexOptions): void {
  checkOptions(options, 'options', OPTIONS);
  if (options.allowHalfOpen !== undefined) checkBoolean(options.allowHalfOpen, 'options.allowHalfOpen');
}

type Callback = (error?: Error | null) => void;

/**
 * Longer writes go in pieces, each as soon as there is room: a stream may be given more at once than a connection may
 * hold.
 */
const PIECE_BYTES = 65_536;

/**
 * The stream of {@link Connection.toDuplex}. It asks for bytes only as fast as they are read, and calls back a write
 * when the connection's queue is below its high-water mark.
 */
export class ConnectionDuplex<T> extends Duplex {
  readonly #connection: Connection<T>;
  readonly #context = new AsyncResource('FDMUX');
  /** What is left of the write that `#writeCallback` waits for. */
  #pieces: Iterator<Buffer> | null = null;
  #writeCallback: Callback | null = null;
  #finalCallback: Callback | null = null;
  #isPeerDone = false;
  /** Whether all that the connection took has left, and its side is ended. */
  #isFinished = false;
  /** Whether it did not take something, because somebody else had ended or destroyed it. */
  #isCut = false;

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
    data: (_connection, bytes) => this.#inContext(this.#received, bytes),
    end: () => this.#inContext(this.#peerEnded),
    drain: () => this.#inContext(this.#writeOn),
    finish: () => this.#inContext(this.#finished),
    close: (_connection, error) => this.#inContext(this.#closed, error),
  };

  /** Calls a method in the async context in which the stream was made: its listeners run there. */
  #inContext<Args extends unknown[]>(method: (...args: Args) => void, ...args: Args): void {
    this.#context.runInAsyncScope(method, this, ...args);
  }

  #received(bytes: Buffer): void {
    // The stream keeps what it is given, and the bytes lie in the receive slab.
    if (!this.push(Buffer.from(bytes))) this.#connection.pause();
  }

  #peerEnded(): void {
    this.#isPeerDone = true;
    this.push(null);
  }

  #finished(): void {
    this.#isFinished = true;
    if (!this.#isCut) this.#writeOn();
    this.#settleFinal(null);
  }

  #closed(error: Error | undefined): void {
    const isOrderly = error === undefined && this.#isPeerDone && this.#isFinished && !this.#isCut;
    // The reader may still have something to read.
    if (isOrderly) this.end();
    else this.destroy(error);
    // Of a write that is still pending, not all has left.
    const reason = error ?? closedError('the connection');
    this.#settleWrite(reason);
    this.#settleFinal(reason);
  }

  override _read(): void {
    this.#connection.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    if (chunk.length > PIECE_BYTES) this._writev([{ chunk }], callback);
    else if (this.#send(chunk)) callback();
    else this.#writeCallback = callback;
  }

  override _writev(chunks: readonly { chunk: Buffer }[], callback: Callback): void {
    this.#pieces = piecesOf(chunks);
    this.#writeCallback = callback;
    this.#writeOn();
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

  override _final(callback: Callback): void {
    this.#finalCallback = callback;
    this.#connection.end();
    // Somebody else may have ended it before.
    if (this.#isFinished) this.#settleFinal(null);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#connection.destroy(error ?? undefined);
    callback(error);
  }

  #settleWrite(error: Error | null): void {
    const callback = this.#writeCallback;
    this.#pieces = null;
    this.#writeCallback = null;
    callback?.(error);
  }

  #settleFinal(error: Error | null): void {
    const callback = this.#finalCallback;
    this.#finalCallback = null;
    callback?.(error);
  }
}

function* piecesOf(chunks: readonly { chunk: Buffer }[]): Generator<Buffer, void, undefined> {
  for (const { chunk } of chunks) {
    for (let start = 0; start < chunk.length; start += PIECE_BYTES) yield chunk.subarray(start, start + PIECE_BYTES);
  }
}
