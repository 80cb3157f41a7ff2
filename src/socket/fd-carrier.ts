/** Carries the bytes of a stream over a non-blocking fd. */
import { AsyncResource } from 'node:async_hooks';
import type { Duplex } from 'node:stream';
import { checkAttached } from '../arguments.js';
import { hasCode, present, toError } from '../errors.js';
import { keepsContexts } from '../multiplexer/handler.js';
import type { Registration } from '../multiplexer/registration.js';
import { leaseMultiplexer, type MultiplexerLease } from '../multiplexer/shared-multiplexer.js';
import type { ByteCarrier, Done } from './duplex.js';
import { isMemoryShortageError, MEMORY_RETRY_MS } from './memory-shortage.js';

/** The calls of one fd; `null` is would-block. */
export interface ByteCalls {
  readonly fd: number;
  readonly readable: boolean;
  readonly writable: boolean;
  /** @returns bytes of their own, none at the end */
  read(maxBytes: number): Buffer | null;
  write(bytes: Uint8Array): number | null;
  /** Ends the writing side, if that can be done alone. */
  end(): void;
  close(): void;
  /** Calls a function once the fd is closed or given away. */
  whenClosed(listener: () => void): void;
}

const READ_BYTES = 64 * 1024;
const NOTHING: readonly Buffer[] = [];

/** Tries first and waits only for calls that would block, so the fd is registered only while something is awaited. */
export class FdCarrier implements ByteCarrier {
  readonly #calls: ByteCalls;
  /** The stream's listeners run in the async context in which it was made. */
  readonly #context = new AsyncResource('FDMUX');
  #stream: Duplex | undefined;
  #lease: MultiplexerLease | undefined;
  #registration: Registration<undefined> | undefined;
  #wantsRead = false;
  /** The write that the fd has not taken completely yet, starting in `#chunks[#nextChunk]` at `#start`. */
  #chunks = NOTHING;
  #nextChunk = 0;
  #start = 0;
  #written: Done | undefined;
  /** Set while the kernel is not asked for a moment: it had no memory, or reports a readiness that does not exist. */
  #rest: NodeJS.Timeout | undefined;
  /** Set while an fd that no multiplexer takes is due: it is always ready. */
  #turn: NodeJS.Immediate | undefined;

  constructor(calls: ByteCalls) {
    this.#calls = calls;
  }

  get readable(): boolean {
    return this.#calls.readable;
  }

  get writable(): boolean {
    return this.#calls.writable;
  }

  attach(stream: Duplex): void {
    this.#stream = stream;
    this.#lease = leaseMultiplexer('epoll', {
      // They are tried again; meanwhile the stream waits.
      waitFailed: () => undefined,
      givenUp: this.#fail,
    });
    this.#calls.whenClosed(() => stream.destroy());
  }

  read(): void {
    this.#wantsRead = true;
    this.#watch();
  }

  write(chunks: readonly Buffer[], done: Done): void {
    this.#chunks = chunks;
    this.#nextChunk = 0;
    this.#start = 0;
    this.#written = done;
    this.#send();
    this.#watch();
  }

  end(done: Done): void {
    try {
      this.#calls.end();
    } catch (error) {
      done(toError(error));
      return;
    }
    done();
  }

  destroy(): void {
    clearTimeout(this.#rest);
    clearImmediate(this.#turn);
    this.#registration?.unregister();
    this.#chunks = NOTHING;
    this.#written = undefined;
    this.#wantsRead = false;
    this.#lease?.release();
    this.#calls.close();
  }

  readonly #whenReady = keepsContexts((registration: Registration<undefined>): void => {
    this.#context.runInAsyncScope(this.#onReady, this, registration);
  });

  #onReady({ isReadable, isWritable, isHangup }: Registration<undefined>): void {
    const hasWritten = this.#written !== undefined && isWritable && this.#send();
    const hasRead = this.#wantsRead && isReadable && this.#receive();
    // A terminal whose other end is closed reports that for ever, though there may be nothing to do.
    if (isHangup && !hasWritten && !hasRead) this.#takeRest();
    this.#watch();
  }

  #onTurn(): void {
    if (this.#written !== undefined) this.#send();
    if (this.#wantsRead) this.#receive();
    this.#watch();
  }

  /**
   * Receives once for each report, so that one busy stream does not starve the others.
   *
   * @returns whether anything arrived
   */
  #receive(): boolean {
    const stream = present(this.#stream, 'the stream');
    try {
      const bytes = this.#unlessStarved(() => this.#calls.read(READ_BYTES));
      if (bytes === null) return false;
      const hasEnded = bytes.byteLength === 0;
      // Reading goes on if the stream has room; if not, it asks again by _read.
      this.#wantsRead = !hasEnded && stream.push(bytes);
      if (hasEnded) stream.push(null);
    } catch (error) {
      this.#fail(toError(error));
    }
    return true;
  }

  /**
   * Sends until the fd takes less than it is given.
   *
   * @returns whether it took anything
   */
  #send(): boolean {
    let hasSent = false;
    try {
      for (;;) {
        const chunk = this.#chunks[this.#nextChunk];
        if (chunk === undefined) break;
        // Bytes whose memory was transferred away meanwhile must not count as written.
        if (chunk.byteLength === 0) checkAttached(chunk, 'chunk');
        const bytes = this.#start === 0 ? chunk : chunk.subarray(this.#start);
        const sent = bytes.byteLength === 0 ? 0 : this.#unlessStarved(() => this.#calls.write(bytes));
        if (sent === null) return hasSent;
        hasSent = true;
        this.#start += sent;
        if (sent < bytes.byteLength) return true;
        this.#nextChunk += 1;
        this.#start = 0;
      }
    } catch (error) {
      this.#finishWrite(toError(error));
      return true;
    }
    this.#finishWrite(null);
    return true;
  }

  #finishWrite(error: Error | null): void {
    const done = this.#written;
    this.#chunks = NOTHING;
    this.#written = undefined;
    done?.(error);
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
      this.#takeRest();
      return null;
    }
  }

  #takeRest(): void {
    this.#rest ??= setTimeout(() => {
      this.#rest = undefined;
      this.#watch();
    }, MEMORY_RETRY_MS);
  }

  /** Has the multiplexer watch for the events that are awaited now. */
  #watch(): void {
    if (this.#stream?.destroyed !== false) return;
    const isResting = this.#rest !== undefined;
    const interest = { read: this.#wantsRead && !isResting, write: this.#written !== undefined && !isResting };
    if (!interest.read && !interest.write) {
      this.#registration?.unregister();
      this.#registration = undefined;
    } else if (this.#registration !== undefined) {
      this.#registration.modify({ interest });
    } else {
      this.#register(interest);
    }
  }

  #register(interest: { read: boolean; write: boolean }): void {
    try {
      const { multiplexer } = present(this.#lease, 'the multiplexer');
      this.#registration = multiplexer.register(this.#calls.fd, { interest, onReady: this.#whenReady });
    } catch (error) {
      // A file on a disk, /dev/zero: epoll_ctl(2) refuses files that never block.
      if (!hasCode(error, 'EPERM')) this.#fail(toError(error));
      else this.#turn ??= setImmediate(() => this.#takeTurn());
    }
  }

  #takeTurn(): void {
    this.#turn = undefined;
    this.#context.runInAsyncScope(this.#onTurn, this);
  }

  readonly #fail = (error: Error): void => {
    this.#stream?.destroy(error);
  };
}
