/** The types of the arguments and results of a {@link Socket}. */
import type { SystemError } from '../errors.js';
import type { Address, AddressInput } from './address.js';
import type { ControlMessage, ControlMessageInput } from './control-message.js';
import type { Socket } from './socket.js';

/** The families with a name; any other goes by its number (`AF_CAN`) and uses raw addresses. */
export type SocketFamily = 'inet' | 'inet6' | 'unix';
/** The types with a name; any other goes by its number. */
export type SocketType = 'stream' | 'dgram' | 'seqpacket' | 'raw';
/** The bytes that {@link Socket.send} and its variants take. A string is sent as UTF-8, and every count is in bytes. */
export type SocketBytes = string | ArrayBufferView | ArrayBufferLike;

/** The options of {@link Socket.create}. */
export interface SocketOptions {
  /** Default: 'inet'. */
  readonly family?: SocketFamily | number | undefined;
  /** Default: 'stream'. */
  readonly type?: SocketType | number | undefined;
  /** The protocol within the family, `IPPROTO_ICMP` say; 0, the default, takes the type's usual one. */
  readonly protocol?: number | undefined;
  /** Whether calls wait. Default: false. */
  readonly blocking?: boolean | undefined;
}

/** The options of {@link Socket.pair}; the family is 'unix' by default. */
export type SocketPairOptions = SocketOptions;

/** The result of {@link Socket.accept}. */
export interface Accepted {
  readonly socket: Socket;
  /** The client. A unix client that bound no name has an address without one. */
  readonly address: Address;
}

/** The result of {@link Socket.recvFrom}. */
export interface ReceivedFrom {
  readonly data: Buffer;
  /** The sender; `null` if the kernel names none, as on a connected stream. */
  readonly address: Address | null;
}

/** The result of {@link Socket.recvFromInto}. */
export interface ReceivedInto {
  /** How many bytes arrived; with `MSG_TRUNC` a datagram's whole length. */
  readonly bytes: number;
  readonly address: Address | null;
}

/** The options of {@link Socket.recvMsg}. */
export interface RecvMsgOptions {
  /** Room for control messages, in bytes, from 0 to 1,048,576. Default: 256, which takes some 60 fds. */
  readonly maxControlBytes?: number | undefined;
  readonly flags?: number | undefined;
}

/** The result of {@link Socket.recvMsg}. */
export interface ReceivedMessage extends ReceivedFrom {
  /** Whether the datagram was longer than `maxBytes`; the rest is lost. */
  readonly truncated: boolean;
  /** Whether `maxControlBytes` had no room for some control messages; those are lost, and their fds closed. */
  readonly controlTruncated: boolean;
  /** The kernel's `msg_flags`, `MSG_EOR` say. */
  readonly flags: number;
  readonly control: readonly ControlMessage[];
  /** All the fds of `control`. They are open, close-on-exec and the receiver's to close, truncated or not. */
  readonly fds: readonly number[];
}

/** The options of {@link Socket.sendMsg}. */
export interface SendMsgOptions {
  /** The receiver; omitted on a connected socket. */
  readonly address?: AddressInput | undefined;
  readonly control?: readonly ControlMessageInput[] | undefined;
  readonly flags?: number | undefined;
}

/** The options of {@link Socket.recvMmsg}. */
export interface RecvMmsgOptions {
  /** Room for the control messages of each datagram, in bytes, from 0 to 65,536. Default: 256. */
  readonly maxControlBytes?: number | undefined;
  readonly flags?: number | undefined;
}

/** One message of {@link Socket.recvMmsg}. */
export type ReceivedDatagram = ReceivedMessage;

/** One message of {@link Socket.sendMmsg}. */
export interface DatagramToSend {
  readonly data: SocketBytes;
  /** The receiver; omitted on a connected socket. */
  readonly address?: AddressInput | undefined;
  readonly control?: readonly ControlMessageInput[] | undefined;
}

/** The error that {@link Socket.sendAll} throws when it breaks off. */
export interface SendAllError extends SystemError {
  /** How many bytes the kernel had taken until then. */
  readonly bytesSent: number;
}

/** The result of {@link Socket.peerCredentials}. */
export interface PeerCredentials {
  /** 0 if the process is not in this one's namespace. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** The directions of {@link Socket.shutdown}. */
export type ShutdownHow = 'read' | 'write' | 'read-write';
