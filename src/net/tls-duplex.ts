/** The Duplex under a socket of `node:tls`. It bypasses the queues of streams, since the connection has its own. */
import type { Done } from '../socket/duplex.js';
import { ConnectionDuplex, type DuplexSource } from './duplex.js';

/** Only the socket listens, and its listeners have a context of their own. */
const NO_CONTEXT = {
  runInAsyncScope: <This, Args extends unknown[], Result>(
    call: (this: This, ...args: Args) => Result,
    self: This,
    ...args: Args
  ): Result => call.apply(self, args),
};
const NOTHING = Buffer.alloc(0);

/** A stream whose only user is `node:tls`, which reads each piece at once and waits for each write. */
export class TlsDuplex<T> extends ConnectionDuplex<T> {
  readonly #connection: DuplexSource;
  /** Whether a write waits for room: later writes queue behind it. */
  #isBehind = false;

  constructor(connection: DuplexSource) {
    super(connection, {}, NO_CONTEXT);
    this.#connection = connection;
  }

  /** @param bytes valid until this returns */
  receive(bytes: Buffer): void {
    if (this.destroyed) return;
    const copy = Buffer.from(bytes);
    if (this.readableFlowing === true && this.readableLength === 0) this.emit('data', copy);
    else if (!this.push(copy)) this.#connection.pause();
  }

  /** A write in the form that Node.js uses takes the short way; other runtimes have other forms. */
  override write(chunk: unknown, encoding?: BufferEncoding | Done, done?: Done): boolean {
    if (encoding === undefined) return super.write(chunk, done);
    if (typeof encoding !== 'function') return super.write(chunk, encoding, done);
    const isShort = chunk instanceof Uint8Array && !this.#isBehind && this.#connection.isWritable;
    if (isShort && this.#connection.write(chunk)) {
      encoding(null);
      return true;
    }
    this.#isBehind = true;
    // An empty write completes when there is room again.
    return super.write(isShort ? NOTHING : chunk, (error) => {
      this.#isBehind = this.writableLength > 0;
      encoding(error);
    });
  }
}
