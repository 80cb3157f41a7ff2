/** The interface of a served connection: its handlers, its state, its verbs. */
import type { Duplex } from 'node:stream';
import type { PeerCertificate } from 'node:tls';
import type { Address } from '../socket/address.js';
import type { DuplexOptions } from '../socket/duplex.js';
import type { Writable } from './output-arena.js';

/**
 * The handlers of connections: one object for all connections of a listener, or for one of `connect()`.
 *
 * Handlers run inside a turn: everything that they write leaves together at its end. They run in the async context of
 * the call of `listen()` or `connect()`. The error of a handler that throws reaches `uncaughtException`; the connection
 * stays as it is, and the others go on. Nobody awaits a handler: an async one that throws is an unhandled rejection.
 */
export interface SocketHandlers<T> {
  /** The connection is open. Set its `data` here. */
  open?(connection: Connection<T>): void;
  /**
   * Bytes have arrived. Their memory is used again as soon as the handler returns: `Buffer.from(bytes)` keeps them.
   */
  data?(connection: Connection<T>, bytes: Buffer): void;
  /** Once after `write` had returned false: `pendingBytes` is at the high-water mark or below it again. */
  drain?(connection: Connection<T>): void;
  /**
   * The peer will send no more. The connection stays open for writing until you call `end()`. Without this handler, it
   * is ended at once.
   */
  end?(connection: Connection<T>): void;
  /**
   * The connection is closed: called once for each one that was opened, with the reason if the end was not orderly.
   */
  close?(connection: Connection<T>, error?: Error): void;
  /**
   * Something went wrong with a connection. `close` follows and has the same reason. Only ERR_WRITE_AFTER_END, and a
   * failed wait of the multiplexer that serves it (an error of epoll_wait, poll or select), leave the connection open.
   * {@link ListenOptions.onError} gets the errors of accepting.
   */
  error?(connection: Connection<T>, error: Error): void;
}

/** The handlers, and those that only layers above a connection need. */
export interface ConnectionEvents<T> extends SocketHandlers<T> {
  /**
   * The kernel has not taken all that was written. `drain` follows when it has; without this handler, `drain` follows
   * only a `write` that has returned false.
   */
  behind?(connection: Connection<T>): void;
  /** Everything written has left, and our side has ended. It is called before `close`, perhaps twice. */
  finish?(connection: Connection<T>): void;
  /** The listener closes. Ends our side; without this handler, `end` is called. */
  listenerCloses?(connection: Connection<T>): void;
  /** The listener stops waiting. Closes the connection soon; without this handler, `destroy` is called. */
  listenerCuts?(connection: Connection<T>): void;
}

/** How a connection is secured; without TLS, every answer is that of an unsecured connection. */
export interface ConnectionSecurity {
  /** Whether the connection speaks TLS. */
  readonly isSecure: boolean;
  /** Whether an authority vouches for the peer's certificate, which also has the right name if the peer is a server. */
  readonly authorized: boolean;
  /** Why the peer's certificate is not authorized, as OpenSSL names it; `null` if it is, or if none was asked for. */
  readonly authorizationError: string | null;
  /** The peer's certificate; `null` without one, and after the connection is closed. */
  readonly peerCertificate: PeerCertificate | null;
  /** The protocol that ALPN has chosen; `null` without one. */
  readonly alpnProtocol: string | null;
  /** The name that the client has asked for (SNI); `null` without one. */
  readonly servername: string | null;
  /** The version: `'TLSv1.3'` or `'TLSv1.2'`; `null` without TLS. */
  readonly tlsVersion: string | null;
  /** The cipher suite by its name in the IANA registry; `null` without TLS, and after the connection is closed. */
  readonly cipher: string | null;
}

/** The state of a connection that is no longer served, for its next owner: see `adopt()`. */
export interface ReleasedConnection {
  /** Open, non-blocking, and yours. */
  readonly fd: number;
  /** Written bytes that the kernel has not taken: send them to the peer first. */
  readonly unsent: Buffer;
  /** Received bytes that no data handler was given, because of `pause`: they precede those in the kernel. */
  readonly held: Buffer;
  /** Whether `end()` was called. If bytes are unsent, the peer does not know yet. */
  readonly ended: boolean;
}

/** A stream connection that the multiplexer serves. */
export interface Connection<T = unknown> extends ConnectionSecurity {
  /** Yours; undefined until you set it. */
  data: T;
  /** The fd, for information; -1 once closed or released. */
  readonly fd: number;
  /** The address of this end. */
  readonly localAddress: Address;
  /** The address of the peer. It stays known after the connection has closed. */
  readonly remoteAddress: Address;
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly pendingBytes: number;
  /** Whether bytes can be written: neither ended nor destroyed. */
  readonly isWritable: boolean;
  /**
   * Whether `destroy` was called, or the connection ended: it is closed, or will be at the end of the turn. Also true
   * after `release`.
   */
  readonly isDestroyed: boolean;
  /** Whether `pause` stopped the reading. */
  readonly isPaused: boolean;

  /**
   * Takes bytes to send. They are copied, so the caller may use its memory again at once, and leave at the end of the
   * turn, all in one send(2); 16 KiB and more are handed to the kernel at once.
   *
   * @param bytes a string is encoded as UTF-8; {@link SharedBytes} exist once however many connections get them
   * @returns whether `pendingBytes` is at most `highWaterMarkBytes`; if it is not, wait for `drain`. Also false when
   *   the bytes were not taken: after `end` (reported to the error handler, once, as ERR_WRITE_AFTER_END) and after
   *   `destroy`
   * @throws ERR_INVALID_ARG_TYPE
   */
  write(bytes: Writable): boolean;
  /**
   * Ends our side: what is pending is sent, then the write side is shut down (shutdown(2)). The connection is
   * closed when the peer has ended its side too. Calling it again does nothing.
   *
   * @param bytes a last write
   */
  end(bytes?: Writable): void;
  /**
   * Closes the connection at the end of the turn; what is pending is dropped, and no handler but `error` and `close` is
   * called any more. Safe inside a loop over connections. Calling it again does nothing.
   *
   * @param error the reason, handed to the handlers
   */
  destroy(error?: Error): void;
  /** No data handler is called until `resume`; the peer is slowed down when the kernel's buffers are full. */
  pause(): void;
  /** Data handlers are called again after `pause`. */
  resume(): void;
  /**
   * Gives the connection away, open, for instance to another process (SCM_RIGHTS), which goes on with it by `adopt()`.
   * Nothing is lost: what was written leaves first as far as the kernel takes it, and the rest is returned. No handler
   * is called any more, not `close` either, and this object counts as destroyed. Safe inside every handler.
   *
   * @returns the fd, which the caller has to close, and the bytes that the kernel does not have
   * @throws ERR_CLOSED if it is destroyed, closed or released; ERR_BUSY if it is a Duplex or speaks TLS, because others
   *   hold a part of its state then
   */
  release(): ReleasedConnection;
  /** Bytes published under `topic` by the listener are written to this connection. */
  subscribe(topic: string): void;
  /** Bytes published under `topic` are no longer written to this connection. */
  unsubscribe(topic: string): void;
  /**
   * The connection as a Duplex of Node.js, which takes the place of the handlers from now on: none of them is called
   * any more.
   *
   * @throws ERR_BUSY if it is one already; ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION
   */
  toDuplex(options?: DuplexOptions): Duplex;
}
