/** A Node.js stream over a non-blocking stream socket. */
import { AsyncResource } from 'node:async_hooks';
import { addAbortSignal, Duplex, type DuplexOptions } from 'node:stream';
import { checkAbortSignal, checkBoolean, checkInteger, checkOptions, type OptionNames } from '../arguments.js';
import { closedError } from '../errors.js';
import { keepsContexts } from '../multiplexer/handler.js';
import type { Registration } from '../multiplexer/registration.js';
import { leaseMultiplexer, type MultiplexerLease } from '../multiplexer/shared-multiplexer.js';
import { isMemoryShortageError, MEMORY_RETRY_MS } from './memory-shortage.js';

/** What a stream needs of its socket; `null` is would-block. */
export interface DuplexSource {
  readonly fd: number;
  recv(maxBytes: number): Buffer | null;
  send(bytes: Uint8Array): number | null;
  shutdown(how: 'write'): void;
  close(): void;
}

/** Those options of `stream.Duplex` that mean something to a stream of bytes. */
export type SocketDuplexOptions = Pick<
  DuplexOptions,
  'allowHalfOpen' | 'emitClose' | 'highWaterMark' | 'readableHighWaterMark' | 'writableHighWaterMark' | 'signal'
>;

const OPTIONS: OptionNames<SocketDuplexOptions> = {
  allowHalfOpen: true,
  emitClose: true,
  highWaterMark: true,
  readableHighWaterMark: true,
  writableHighWaterMark: true,
  signal: true,
};

/**
 * To be called before anything of the socket is changed.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
 */
export function checkDuplexOptions(options: SocketDuplexOptions): void {
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

/** A write that the socket has not taken whole yet. */
interface PendingWrite {
  readonly bytes: Uint8Array;
  readonly done: (error?: Error | null) => void;
}

const READ_BYTES = 64 * 1024;

/** Tries first and waits only for what would block, so the socket is registered only while something is awaited. */
export class SocketDuplex extends Duplex {
  readonly #socket: DuplexSource;
  readonly #lease: MultiplexerLease;
  /** Its listeners run in the async context in which it was made. */
  readonly #context = new AsyncResource('FDMUX');
  #registration: Registration<undefined> | undefined;
  #wantsRead = false;
  #pending: PendingWrite | undefined;
  /** Set while the kernel is not asked for a moment because it had no memory. */
  #rest: NodeJS.Timeout | undefined;

  constructor(socket: DuplexSource, { signal, ...options }: SocketDuplexOptions) {
    super({ ...options, objectMode: false, autoDestroy: true });
    this.#socket = socket;
    this.#lease = leaseMultiplexer('epoll', {
      // They are tried again; meanwhile the stream waits.
      waitFailed: () => undefined,
      givenUp: (error) => this.destroy(error),
    });
    // Only now can it be destroyed, which a signal that is aborted already does at once.
    if (signal !== undefined) addAbortSignal(signal, this);
  }

  override _read(): void {
    this.#wantsRead = true;
    this.#watch();
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send({ bytes, done });
    this.#watch();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#guard(done, () => {
      this.#socket.shutdown('write');
      done();
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#rest);
    this.#registration?.unregister();
    const pending = this.#pending;
    this.#pending = undefined;
    this.#lease.release();
    this.#guard(done, () => {
      this.#socket.close();
      done(error);
    });
    pending?.done(error ?? closedError('the socket'));
  }

  readonly #whenReady = keepsContexts((registration: Registration<undefined>): void => {
    this.#context.runInAsyncScope(this.#onReady, this, registration);
  });

  #onReady(registration: Registration<undefined>): void {
    if (this.#pending !== undefined && registration.isWritable) this.#send(this.#pending);
    if (this.#wantsRead && registration.isReadable && !this.destroyed) this.#receive();
    if (!this.destroyed) this.#watch();
  }

  /** One receive for each report, so that one busy stream does not starve the others. */
  #receive(): void {
    this.#guard(
      (error) => this.destroy(error),
      () => {
        const bytes = this.#unlessStarved(() => this.#socket.recv(READ_BYTES));
        if (bytes === null) return;
        const hasEnded = bytes.byteLength === 0;
        // Reading goes on where the stream has room; else it asks again by _read.
        this.#wantsRead = !hasEnded && this.push(bytes);
        if (hasEnded) this.push(null);
      },
    );
  }

  #send({ bytes, done }: PendingWrite): void {
    this.#pending = undefined;
    this.#guard(done, () => {
      const sent = this.#unlessStarved(() => this.#socket.send(bytes)) ?? 0;
      if (sent === bytes.byteLength) done();
      else this.#pending = { bytes: bytes.subarray(sent), done };
    });
  }

  /**
   * Makes a call, or rests if the kernel has no memory for it. @returns `null` if it has none, or if the call would
   * block
   */
  #unlessStarved<Result>(call: () => Result | null): Result | null {
    try {
      return call();
    } catch (error) {
      if (!isMemoryShortageError(error)) throw error;
      this.#rest ??= setTimeout(() => {
        this.#rest = undefined;
        this.#watch();
      }, MEMORY_RETRY_MS);
      return null;
    }
  }

  /** Has the multiplexer watch for what is awaited now. */
  #watch(): void {
    const isResting = this.#rest !== undefined;
    const interest = { read: this.#wantsRead && !isResting, write: this.#pending !== undefined && !isResting };
    if (!interest.read && !interest.write) {
      this.#registration?.unregister();
      this.#registration = undefined;
    } else if (this.#registration !== undefined) {
      this.#registration.modify({ interest });
    } else {
      this.#guard(
        (error) => this.destroy(error),
        () => {
          const { fd } = this.#socket;
          this.#registration = this.#lease.multiplexer.register(fd, { interest, onReady: this.#whenReady });
        },
      );
    }
  }

  /** Errors of the socket are the stream's: they go to `failed`, never to whoever called a method of the stream. */
  #guard(failed: (error: Error) => void, action: () => void): void {
    try {
      action();
    } catch (error) {
      failed(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
