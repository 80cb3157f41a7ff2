/** The Duplex under a socket of `node:tls`. It bypasses the queues of streams, since the connection has its own. */
import type { Done } from '../socket/duplex.js';
import { ConnectionDuplex, type DuplexSource } from './duplex.js';
import type { TlsAdapter } from './tls-adapter.js';

/** Only the socket listens, and its listeners have a context of their own. */
const NO_CONTEXT = {
  runInAsyncScope: <This, Args extends unknown[], Result>(
    call: (this: This, ...args: Args) => Result,
    self: This,
    ...args: Args
  ): Result => call.apply(self, args),
};
const NOTHING = Buffer.alloc(0);

type ShortWay = Pick<TlsAdapter, 'receive' | 'confirmWrite'>;

/** A stream whose only user is `node:tls`, which reads each piece at once and waits for each write. */
export class TlsDuplex<T> extends ConnectionDuplex<T> {
  readonly #connection: DuplexSource;
  /** Whether a write waits for room: later writes queue behind it. */
  #isBehind = false;
  #adapter: ShortWay | null = null;
  /** Whether writes are confirmed by {@link confirm}. */
  #isHolding = false;
  /** The callbacks of the writes that it will confirm. */
  readonly #held: Done[] = [];

  constructor(connection: DuplexSource) {
    super(connection, {}, NO_CONTEXT);
    this.#connection = connection;
  }

  /** Lets bytes take the short way through the adapter from now on; `data` is not emitted for those. */
  shorten(adapter: ShortWay | null): void {
    this.#adapter = adapter;
  }

  /**
   * The bytes that wait in the stream itself. Node.js waits for each write, so there are no more than those of one; Bun
   * confirms a write before it has been taken.
   */
  get waitingBytes(): number {
    return this.#adapter === null ? this.writableLength : 0;
  }

  /** Whether it has been given more than it should hold; `drain` follows. */
  get isFull(): boolean {
    return this.#adapter === null && this.writableNeedDrain;
  }

  /** @param bytes valid until this returns */
  receive(bytes: Buffer): void {
    if (this.destroyed) return;
    if (this.#adapter !== null && this.readableFlowing === true && this.readableLength === 0) {
      this.#adapter.receive(bytes);
      return;
    }
    const copy = Buffer.from(bytes);
    if (this.readableFlowing === true && this.readableLength === 0) this.emit('data', copy);
    else if (!this.push(copy)) this.#connection.pause();
  }

  /**
   * Has {@link confirm} confirm the writes that follow. Node.js itself would confirm each piece in an immediate, for
   * which the event loop has to go round.
   */
  hold(): void {
    this.#isHolding = this.#adapter !== null;
  }

  /** Confirms the writes since {@link hold}, unless they wait for room. */
  confirm(): void {
    // A confirmation may lead to another write.
    while (this.#held.length > 0) {
      this.#held.length = 0;
      this.#adapter?.confirmWrite();
    }
    this.#isHolding = false;
  }

  /** A write in the form that Node.js uses takes the short way; other runtimes have other forms. */
  override write(chunk: unknown, encoding?: BufferEncoding | Done, done?: Done): boolean {
    if (encoding === undefined) return super.write(chunk, done);
    if (typeof encoding !== 'function') return super.write(chunk, encoding, done);
    const isShort = chunk instanceof Uint8Array && !this.#isBehind && this.#connection.isWritable;
    if (isShort && this.#connection.write(chunk)) {
      if (this.#isHolding) this.#held.push(encoding);
      else encoding(null);
      return true;
    }
    this.#isBehind = true;
    this.#release();
    // An empty write completes when there is room again.
    return super.write(isShort ? NOTHING : chunk, (error) => {
      this.#isBehind = this.writableLength > 0;
      encoding(error);
    });
  }

  /** The pieces of a write count one by one, and it is confirmed when the last one has room. */
  #release(): void {
    if (this.#held.length === 0) return;
    for (const done of this.#held.splice(0)) done(null);
  }
}
