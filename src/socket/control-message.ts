/** Control messages (ancillary data), which travel beside the bytes of a message: see cmsg(3), unix(7), ip(7). */
import {
  checkArray,
  checkInteger,
  checkObject,
  type FdLike,
  MAX_INT32,
  MAX_UINT16,
  MAX_UINT32,
  toBytes,
  toFd,
} from '../arguments.js';
import { type DecodedControl } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { outOfRange } from '../errors.js';
import { type Address, decodeAddress } from './address.js';
import {
  AF_INET6,
  AF_UNSPEC,
  IP_PKTINFO,
  IP_RECVERR,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_HOPLIMIT,
  IPV6_PKTINFO,
  IPV6_RECVERR,
  IPV6_TCLASS,
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SCM_TIMESTAMPING,
  SOL_SOCKET,
  UDP_SEGMENT,
} from './constants.js';

/** The kernel's own form, which every received message keeps beside its decoded fields. */
export interface RawControl {
  /** `SOL_SOCKET`, `IPPROTO_IP` ... */
  readonly level: number;
  /** `SCM_RIGHTS`, `IP_PKTINFO` ... */
  readonly type: number;
  readonly data: Uint8Array;
}

/** A received control message. Most kinds arrive only after an option asks for them. */
export type ControlMessage = RawControl &
  (
    | {
        /** Open fds of the sender, each now also the receiver's own: close every one of them. */
        readonly kind: 'rights';
        readonly fds: readonly number[];
      }
    | {
        /** The sender, as checked by the kernel; after `SO_PASSCRED`. */
        readonly kind: 'credentials';
        readonly pid: number;
        readonly uid: number;
        readonly gid: number;
      }
    | {
        /** The interface and the address at which an IPv4 datagram arrived; after `IP_PKTINFO`. */
        readonly kind: 'packet-info';
        readonly interfaceIndex: number;
        /** The local address that it was routed to. */
        readonly localHost: string;
        /** The destination in its header. */
        readonly destinationHost: string;
      }
    | {
        /** The interface and the address at which an IPv6 datagram arrived; after `IPV6_RECVPKTINFO`. */
        readonly kind: 'packet-info6';
        readonly interfaceIndex: number;
        readonly destinationHost: string;
      }
    | {
        /** Its time to live; after `IP_RECVTTL`. In IPv6 the hop limit; after `IPV6_RECVHOPLIMIT`. */
        readonly kind: 'ttl';
        readonly ttl: number;
      }
    | {
        /** Its type of service; after `IP_RECVTOS`. In IPv6 the traffic class; after `IPV6_RECVTCLASS`. */
        readonly kind: 'tos';
        readonly tos: number;
      }
    | {
        /** When it arrived; after `SO_TIMESTAMP` (microseconds) or `SO_TIMESTAMPNS`. */
        readonly kind: 'timestamp';
        /** Nanoseconds since 1970. */
        readonly timeNs: bigint;
      }
    | {
        /**
         * How long each datagram is that the kernel has joined into this one, the last perhaps shorter; after
         * `UDP_GRO`.
         */
        readonly kind: 'segment-size';
        readonly sizeBytes: number;
      }
    | {
        /** An open pidfd of the sender: close it, or wrap it by `PidFd.fromFd`. After `SO_PASSPIDFD`. */
        readonly kind: 'pidfd';
        readonly fd: number;
      }
    | {
        /** Why an earlier datagram failed, from the error queue (`MSG_ERRQUEUE`); after `IP_RECVERR`: ip(7). */
        readonly kind: 'extended-error';
        /** Positive; 0 for the report of a transmission: a timestamp, or the end of a `MSG_ZEROCOPY` send. */
        readonly errno: number;
        readonly origin: ErrorOrigin;
        /** The type and the code of the ICMP message. */
        readonly icmpType: number;
        readonly icmpCode: number;
        /** Of the kernel, per origin: the MTU for EMSGSIZE, the first and the last number of zero-copy sends. */
        readonly info: number;
        readonly extra: number;
        /** The sender of the ICMP message; `null` if there is none. */
        readonly offender: Address | null;
      }
    | {
        /** When it passed; after `SO_TIMESTAMPING`. Nanoseconds since 1970, `null` if that clock was not read. */
        readonly kind: 'timestamping';
        readonly softwareNs: bigint | null;
        /** By the clock of the network device. */
        readonly hardwareNs: bigint | null;
      }
    | {
        /** Anything else. */
        readonly kind: 'raw';
      }
  );

/** The origin of an error: SO_EE_ORIGIN of ip(7). */
export type ErrorOrigin = 'none' | 'local' | 'icmp' | 'icmp6' | 'timestamping' | 'zerocopy' | 'txtime';

/** A control message to send. */
export type ControlMessageInput =
  | {
      /** Fds to share with the receiver, at most 253; they stay the sender's too. */
      readonly kind: 'rights';
      readonly fds: readonly FdLike[];
    }
  | {
      /** The sender; without privileges it must be true. */
      readonly kind: 'credentials';
      readonly pid: number;
      readonly uid: number;
      readonly gid: number;
    }
  | {
      /** The interface and the address that an IPv4 datagram leaves from. */
      readonly kind: 'packet-info';
      /** Default: 0, any interface. */
      readonly interfaceIndex?: number | undefined;
      /** The source address. Default: chosen by the route. */
      readonly localHost?: string | undefined;
    }
  | {
      /** The interface and the address that an IPv6 datagram leaves from. */
      readonly kind: 'packet-info6';
      /** Default: 0, any interface. */
      readonly interfaceIndex?: number | undefined;
      /** The source address. Default: chosen by the route. */
      readonly localHost?: string | undefined;
    }
  | {
      /** Time to live, or for an IPv6 socket the hop limit, of this one datagram: 1 to 255. */
      readonly kind: 'ttl';
      readonly ttl: number;
    }
  | {
      /** Type of service, or for an IPv6 socket the traffic class, of this one datagram: 0 to 255. */
      readonly kind: 'tos';
      readonly tos: number;
    }
  | {
      /** How long each datagram is that UDP makes of this one, the last perhaps shorter: `UDP_SEGMENT`, 1 to 65,535. */
      readonly kind: 'segment-size';
      readonly sizeBytes: number;
    }
  | ({
      /** Anything else. */
      readonly kind: 'raw';
    } & RawControl);

const MIN_INT32 = -0x8000_0000;
const NANOSECONDS_PER_SECOND = 1_000_000_000n;
const EXTENDED_ERROR_BYTES = 16;
const TIMESPEC_BYTES = 16;
/** Software, a clock that no longer exists, hardware. */
const TIMESTAMPING_BYTES = 3 * TIMESPEC_BYTES;
const SCM_TIMESTAMPING_NEW = 65;
const ORIGINS: readonly ErrorOrigin[] = ['none', 'local', 'icmp', 'icmp6', 'timestamping', 'zerocopy', 'txtime'];
/** Where a sockaddr_in and a sockaddr_in6 keep the address itself, in bytes. */
const INET_ADDRESS = { start: 4, end: 8 };
const INET6_ADDRESS = { start: 8, end: 24 };

/** The received form: the addon's decoding, with times as one number; messages without fds are decoded here. */
export function toControlMessage(decoded: DecodedControl): ControlMessage {
  if (decoded.kind === 'raw') return decodeRaw(decoded);
  if (decoded.kind !== 'timestamp') return decoded;
  const { level, type, data, seconds, nanoseconds } = decoded;
  const timeNs = BigInt(seconds) * NANOSECONDS_PER_SECOND + BigInt(nanoseconds);
  return { kind: 'timestamp', level, type, data, timeNs };
}

function decodeRaw({ level, type, data }: RawControl): ControlMessage {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const isError = (level === IPPROTO_IP && type === IP_RECVERR) || (level === IPPROTO_IPV6 && type === IPV6_RECVERR);
  if (isError && data.byteLength >= EXTENDED_ERROR_BYTES) {
    return { level, type, data, kind: 'extended-error', ...extendedError(view, data) };
  }
  const isTimestamping = level === SOL_SOCKET && (type === SCM_TIMESTAMPING || type === SCM_TIMESTAMPING_NEW);
  if (isTimestamping && data.byteLength === TIMESTAMPING_BYTES) {
    const softwareNs = toMoment(view, 0);
    return { level, type, data, kind: 'timestamping', softwareNs, hardwareNs: toMoment(view, 2 * TIMESPEC_BYTES) };
  }
  return { level, type, data, kind: 'raw' };
}

/** A struct sock_extended_err, with the address of the offender behind it. */
function extendedError(view: DataView, data: Uint8Array) {
  const offender = data.subarray(EXTENDED_ERROR_BYTES);
  const hasOffender = offender.byteLength >= 2 && view.getUint16(EXTENDED_ERROR_BYTES, true) !== AF_UNSPEC;
  return {
    errno: view.getUint32(0, true),
    origin: ORIGINS[view.getUint8(4)] ?? 'none',
    icmpType: view.getUint8(5),
    icmpCode: view.getUint8(6),
    info: view.getUint32(8, true),
    extra: view.getUint32(12, true),
    offender: hasOffender ? decodeAddress(offender) : null,
  };
}

/** A struct timespec of 64 bits each. */
function toMoment(view: DataView, place: number): bigint | null {
  const timeNs = view.getBigInt64(place, true) * NANOSECONDS_PER_SECOND + view.getBigInt64(place + 8, true);
  return timeNs === 0n ? null : timeNs;
}

/**
 * As it is sent.
 *
 * @param family the socket's, which decides whether `ttl` and `tos` are IPv4's or IPv6's
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export function toRawControl(message: ControlMessageInput, family: number | string): RawControl {
  checkObject(message, 'control');
  const isInet6 = family === 'inet6' || family === AF_INET6;
  switch (message.kind) {
    case 'rights':
      checkArray(message.fds, 'control.fds');
      return raw(
        SOL_SOCKET,
        SCM_RIGHTS,
        Int32Array.from(message.fds, (fd) => toFd(fd, 'control.fds')),
      );
    case 'credentials': {
      const { pid, uid, gid } = message;
      checkInteger(pid, 'control.pid', 0, MAX_INT32);
      checkInteger(uid, 'control.uid', 0, MAX_UINT32);
      checkInteger(gid, 'control.gid', 0, MAX_UINT32);
      return raw(SOL_SOCKET, SCM_CREDENTIALS, Uint32Array.of(pid, uid, gid));
    }
    case 'packet-info': {
      // struct in_pktinfo: the interface, the source address, and a destination that sending ignores.
      const info = new Uint8Array(12);
      info.set(interfaceBytes(message.interfaceIndex), 0);
      if (message.localHost !== undefined) info.set(hostBytes(4, message.localHost), 4);
      return raw(IPPROTO_IP, IP_PKTINFO, info);
    }
    case 'packet-info6': {
      // struct in6_pktinfo: the source address, the interface.
      const info = new Uint8Array(20);
      if (message.localHost !== undefined) info.set(hostBytes(6, message.localHost), 0);
      info.set(interfaceBytes(message.interfaceIndex), 16);
      return raw(IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
    case 'ttl':
      checkInteger(message.ttl, 'control.ttl', 1, 255);
      return isInet6
        ? raw(IPPROTO_IPV6, IPV6_HOPLIMIT, Int32Array.of(message.ttl))
        : raw(IPPROTO_IP, IP_TTL, Int32Array.of(message.ttl));
    case 'tos':
      checkInteger(message.tos, 'control.tos', 0, 255);
      return isInet6
        ? raw(IPPROTO_IPV6, IPV6_TCLASS, Int32Array.of(message.tos))
        : raw(IPPROTO_IP, IP_TOS, Int32Array.of(message.tos));
    case 'segment-size':
      checkInteger(message.sizeBytes, 'control.sizeBytes', 1, MAX_UINT16);
      return raw(IPPROTO_UDP, UDP_SEGMENT, Uint16Array.of(message.sizeBytes));
    case 'raw':
      checkInteger(message.level, 'control.level', MIN_INT32, MAX_INT32);
      checkInteger(message.type, 'control.type', MIN_INT32, MAX_INT32);
      return raw(message.level, message.type, toBytes(message.data, 'control.data'));
    default:
      return refuse(message);
  }
}

function raw(level: number, type: number, content: ArrayBufferView): RawControl {
  return { level, type, data: toBytes(content) };
}

function interfaceBytes(index = 0): Uint8Array {
  checkInteger(index, 'control.interfaceIndex', 0, MAX_INT32);
  return toBytes(Uint32Array.of(index));
}

/** The bytes of a literal, cut out of the sockaddr that the addon makes of it. */
function hostBytes(version: 4 | 6, host: string): Uint8Array {
  const { start, end } = version === 4 ? INET_ADDRESS : INET6_ADDRESS;
  return native.encodeInet(version, host, 0, 0, 0).subarray(start, end);
}

/** Refuses the kinds that only a caller without types can pass. */
function refuse(message: never): never {
  const kind: unknown = Reflect.get(message, 'kind');
  throw outOfRange('control.kind', 'one of the kinds of ControlMessageInput', kind);
}
