/** The one stream of Node.js over all carriers of bytes: a raw fd, or a served connection. */
import type { Duplex, DuplexOptions as NodeDuplexOptions } from 'node:stream';
import { checkAbortSignal, checkBoolean, checkInteger, checkOptions, type OptionNames } from '../arguments.js';
import { closedError, toError } from '../errors.js';

/** The options of `stream.Duplex` that mean something to a stream of bytes. */
export type DuplexOptions = Pick<
  NodeDuplexOptions,
  'allowHalfOpen' | 'emitClose' | 'highWaterMark' | 'readableHighWaterMark' | 'writableHighWaterMark' | 'signal'
>;

const OPTIONS: OptionNames<DuplexOptions> = {
  allowHalfOpen: true,
  emitClose: true,
  highWaterMark: true,
  readableHighWaterMark: true,
  writableHighWaterMark: true,
  signal: true,
};

/**
 * Call it before anything of the carrier is changed.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
 */
export function checkDuplexOptions(options: DuplexOptions): void {
  checkOptions(options, 'options', OPTIONS);
  for (const name of ['allowHalfOpen', 'emitClose'] as const) {
    const value = options[name];
    if (value !== undefined) checkBoolean(value, `options.${name}`);
  }
  for (const name of ['highWaterMark', 'readableHighWaterMark', 'writableHighWaterMark'] as const) {
    const value = options[name];
    if (value !== undefined) checkInteger(value, `options.${name}`, 0, Number.MAX_SAFE_INTEGER);
  }
  if (options.signal !== undefined) checkAbortSignal(options.signal);
}

/** Called once, with the reason if it failed. */
export type Done = (error?: Error | null) => void;

/** Moves the bytes of one stream. No method throws but `destroy`: every other error destroys the stream. */
export interface ByteCarrier {
  /** Whether there is anything to read, and to write. */
  readonly readable: boolean;
  readonly writable: boolean;
  /**
   * Called once, before everything else.
   *
   * @param stream takes arriving bytes by `push`, the end by `push(null)`, and an error by `destroy`
   */
  attach(stream: Duplex): void;
  /** Bytes are wanted, until `push` returns false. */
  read(): void;
  /** Takes bytes, and calls `done` when there is room for more. There is one write at a time. */
  write(chunks: readonly Buffer[], done: Done): void;
  /** Ends the writing side after everything that was written. */
  end(done: Done): void;
  /** Closes it. */
  destroy(error: Error | null): void;
}

/** The class of such streams. */
export type ByteDuplexClass = new (carrier: ByteCarrier, options: DuplexOptions) => Duplex;

let made: ByteDuplexClass | undefined;

/** Returns the class, which is made when it is first needed: loading node:stream takes 1 ms. */
export function byteDuplex(): ByteDuplexClass {
  made ??= makeByteDuplex();
  return made;
}

function makeByteDuplex(): ByteDuplexClass {
  const { addAbortSignal, Duplex: NodeDuplex } = process.getBuiltinModule('node:stream');

  /** Pulls as fast as it is read, pushes as fast as its carrier takes, and owns the carrier. */
  class ByteDuplex extends NodeDuplex {
    readonly #carrier: ByteCarrier;
    /** The callbacks that Node.js waits for. */
    #writing: Done | null = null;
    #ending: Done | null = null;

    constructor(carrier: ByteCarrier, { signal, ...options }: DuplexOptions) {
      const { readable, writable } = carrier;
      // @types/node leaves out the first two.
      const settings = { readable, writable, ...options, objectMode: false, autoDestroy: true };
      super(settings);
      this.#carrier = carrier;
      carrier.attach(this);
      // Only now can it be destroyed, which an already aborted signal does at once.
      if (signal !== undefined) addAbortSignal(signal, this);
    }

    override _read(): void {
      this.#carrier.read();
    }

    override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
      this.#writing = done;
      this.#carrier.write([chunk], this.#written);
    }

    override _writev(chunks: readonly { chunk: Buffer }[], done: Done): void {
      this.#writing = done;
      this.#carrier.write(
        chunks.map(({ chunk }) => chunk),
        this.#written,
      );
    }

    override _final(done: Done): void {
      this.#ending = done;
      this.#carrier.end(this.#ended);
    }

    override _destroy(error: Error | null, done: Done): void {
      let reason = error;
      try {
        this.#carrier.destroy(error);
      } catch (thrown) {
        reason ??= toError(thrown);
      }
      done(reason);
      // An error takes its stack down, which costs more than the rest of this.
      if (this.#writing === null && this.#ending === null) return;
      // Not all pending bytes have left.
      const pending = reason ?? closedError('the stream');
      this.#written(pending);
      this.#ended(pending);
    }

    readonly #written: Done = (error) => {
      const done = this.#writing;
      this.#writing = null;
      done?.(error);
    };

    readonly #ended: Done = (error) => {
      const done = this.#ending;
      this.#ending = null;
      done?.(error);
    };
  }
  return ByteDuplex;
}
