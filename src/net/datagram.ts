/** A served datagram socket for its user: its handlers, its state, its verbs. */
import type { Address, AddressInput } from '../socket/address.js';
import type { ControlMessage, ControlMessageInput } from '../socket/control-message.js';
import type { MulticastGroup } from '../socket/multicast.js';

/** The facts about a message besides its bytes and its sender. */
export interface DatagramDetails {
  /** Control messages, most of which arrive only after a socket option asks for them. You own the fds in them. */
  readonly control: readonly ControlMessage[];
  /** How many bytes at the end of the message were cut off and are lost: it is longer than `maxMessageBytes`. */
  readonly truncatedBytes: number;
  /** Whether control messages are lost, since `maxControlBytes` has no room for them. */
  readonly isControlTruncated: boolean;
}

/** The error of a datagram: an error of the system, and its recipient if that is known. */
export type DatagramError = Error & {
  /** The address that the datagram was sent to. */
  readonly address?: Address | undefined;
  /** The host that reported the error by ICMP; after `icmpErrors: true`. */
  readonly offender?: Address | undefined;
};

/**
 * The handlers of a socket's datagrams.
 *
 * They run inside a turn: their messages leave together at its end. They run in the async context of the call of
 * `bindDatagram()`. A handler that throws reaches `uncaughtException`; the socket stays as it is, and the other
 * messages are handed out.
 */
export interface DatagramHandlers<T> {
  /**
   * A message has arrived, perhaps an empty one. Its bytes lie in memory that is used again as soon as the handler
   * returns: `Buffer.from(bytes)` keeps them. The address is null if the sender has none, as an unbound unix socket.
   */
  message(socket: DatagramSocket<T>, bytes: Buffer, address: Address | null, details: DatagramDetails): void;
  /** Once after `send` has returned false: there is room again. */
  drain?(socket: DatagramSocket<T>): void;
  /** The last call for a socket, with the reason if `close()` was not the reason. */
  close?(socket: DatagramSocket<T>, error?: Error): void;
  /**
   * A datagram could not be sent or was refused (ECONNREFUSED, EMSGSIZE, ENETUNREACH ...), messages were dropped
   * (ERR_WRITE_QUEUE_FULL), or a wait of the multiplexer has failed. The socket stays open, unless `close` follows.
   */
  error?(socket: DatagramSocket<T>, error: DatagramError): void;
}

/** Options of {@link DatagramSocket.send}. */
export interface DatagramSendOptions {
  /** Control messages. Fds in them must stay open until the message has left. */
  readonly control?: readonly ControlMessageInput[] | undefined;
}

/** A datagram socket that a multiplexer serves. */
export interface DatagramSocket<T = unknown> extends Disposable {
  /** Yours; undefined until you set it. */
  data: T;
  /** The fd; -1 once closed. */
  readonly fd: number;
  /** The address that the socket is bound to. */
  readonly localAddress: Address;
  /** The address that it is connected to; null if it is not. */
  readonly remoteAddress: Address | null;
  /** How many bytes wait to be sent. Each message counts 64 bytes more than it has. */
  readonly pendingBytes: number;
  /** How many messages were dropped because too many were waiting. */
  readonly droppedMessages: number;
  /** Whether it is closed, or will be at the end of the turn. */
  readonly closed: boolean;
  /** Whether `pause` has stopped the reading. */
  readonly isPaused: boolean;

  /**
   * Takes a message to send. It is copied, so you may use your memory again at once, and leaves at the end of the turn,
   * together with the others by one sendmmsg(2).
   *
   * @param bytes a string is encoded as UTF-8
   * @param address the recipient; omitted on a connected socket
   * @returns false if more than `highWaterMarkBytes` wait, so that you should wait for `drain`. Also false if the
   *   message was not taken: `maxPendingBytes` wait already, which is reported to the error handler once until there is
   *   room, or the socket is closed
   * @throws ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION, ERR_OUT_OF_RANGE; as `encodeAddress`
   */
  send(
    bytes: string | ArrayBufferView | ArrayBufferLike,
    address?: AddressInput | null,
    options?: DatagramSendOptions,
  ): boolean;
  /** No message is handed out until `resume`. The kernel drops what arrives when its buffer is full. */
  pause(): void;
  /** Messages are handed out again after `pause`. */
  resume(): void;
  /**
   * Receives the datagrams of a multicast group from now on.
   *
   * @throws ERR_CLOSED; as `Socket.joinGroup`
   */
  joinGroup(membership: MulticastGroup): void;
  /**
   * Leaves a multicast group, with the arguments that it was joined with.
   *
   * @throws ERR_CLOSED; as `Socket.leaveGroup`
   */
  leaveGroup(membership: MulticastGroup): void;
  /** Reads a socket option that is an integer: getsockopt(2). @throws ERR_CLOSED; as `Socket.getsockopt` */
  getsockopt(level: number, name: number): number;
  /** Sets a socket option: setsockopt(2). @throws ERR_CLOSED; as `Socket.setsockopt` */
  setsockopt(level: number, name: number, value: number | ArrayBufferView | ArrayBufferLike): void;
  /**
   * Closes the socket at the end of the turn. Messages that the kernel does not take then are dropped. Calling it again
   * does nothing.
   */
  close(): void;
  /** The socket alone no longer keeps the process alive. */
  unref(): this;
  /** The socket keeps the process alive, as at first. */
  ref(): this;
}
