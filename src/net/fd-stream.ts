/** The interface of an fd that is served: its handlers, its state, its verbs. */
import type { ByteFd } from '../socket/byte-fd.js';

/**
 * The handlers of an fd's bytes. They run inside a turn, like those of `listen()`: their writes leave together at its
 * end. A handler that throws reaches `uncaughtException`; the fd stays as it is.
 */
export interface FdHandlers<T> {
  /**
   * Bytes have arrived: those that one read(2) returned. They lie in memory that is used again as soon as the handler
   * returns: `Buffer.from(bytes)` keeps them.
   */
  data?(stream: FdStream<T>, bytes: Buffer): void;
  /** Once after `write` has returned false: there is room again. */
  drain?(stream: FdStream<T>): void;
  /**
   * No more will arrive, and everything that arrived was handed out: the writers of a pipe or the programs of a
   * terminal are gone. Without this handler, `end()` is called.
   */
  end?(stream: FdStream<T>): void;
  /** The last call, with the reason if the end was not orderly. */
  close?(stream: FdStream<T>, error?: Error): void;
  /**
   * Something went wrong: a device was unplugged (EIO, ENODEV), a pipe has no reader any more (EPIPE). `close` follows,
   * except after ERR_WRITE_AFTER_END and after a failed wait of the multiplexer.
   */
  error?(stream: FdStream<T>, error: Error): void;
}

/** An fd that a multiplexer serves. */
export interface FdStream<T = unknown> extends Disposable {
  /** Yours; undefined until you set it. */
  data: T;
  /** The owner of the fd, for its settings: a `SerialPort`, the `master` of a `Pty`. It is closed with the stream. */
  readonly owner: ByteFd;
  /** How many bytes wait to be written. */
  readonly pendingBytes: number;
  /** Whether bytes can be written: opened for writing, neither ended nor destroyed. */
  readonly isWritable: boolean;
  /** Whether the fd is closed, or will be at the end of the turn. */
  readonly isDestroyed: boolean;
  /** Whether `pause` has stopped the reading. */
  readonly isPaused: boolean;

  /**
   * Takes bytes to write. They are copied, and leave at the end of the turn, all in one write(2), or with
   * `preservesMessages` each in one of its own.
   *
   * @param bytes a string is encoded as UTF-8
   * @returns whether at most `highWaterMarkBytes` wait; if false, wait for `drain`. Also false if the bytes were not
   *   taken: after `end` (reported to the error handler, once, as ERR_WRITE_AFTER_END) and after `destroy`
   * @throws ERR_INVALID_ARG_TYPE
   */
  write(bytes: string | ArrayBufferView | ArrayBufferLike): boolean;
  /**
   * Writes what is pending, and takes no more. The fd is closed when its reading has ended, too; at once if it was
   * opened only for writing.
   *
   * @param bytes a last write
   */
  end(bytes?: string | ArrayBufferView | ArrayBufferLike): void;
  /**
   * Closes the fd at the end of the turn, and drops what is pending.
   *
   * @param error the reason, handed to the handlers
   */
  destroy(error?: Error): void;
  /** No data handler is called until `resume`. Pipes and terminals slow their writers down meanwhile. */
  pause(): void;
  /** Data handlers are called again after `pause`. */
  resume(): void;
}
