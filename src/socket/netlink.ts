/** Messages of netlink, and the reports of its routing family about links: netlink(7), rtnetlink(7). */
import {
  checkInteger,
  checkObject,
  checkOptions,
  MAX_UINT16,
  MAX_UINT32,
  type OptionNames,
  toBytes,
} from '../arguments.js';
import { AF_NETLINK } from './constants.js';
import { NETLINK } from './kernel-constants.js';
import { structBytes, textUpToNul } from './struct-bytes.js';

/** The place of a netlink socket. */
export interface NetlinkAddressInput {
  /** Default: 0, for which the kernel chooses one at `bind`; as a receiver, 0 is the kernel itself */
  readonly port?: number | undefined;
  /** A mask of `RTMGRP_` constants: the groups to receive. Default: 0 */
  readonly groups?: number | undefined;
}

/** One message. */
export interface NetlinkMessage {
  /** `RTM_NEWLINK`, `NLMSG_ERROR`, `NLMSG_DONE` ... */
  readonly type: number;
  /** `NLM_F_` constants. */
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  /** The bytes after the header. They share the memory that was decoded. */
  readonly data: Buffer;
}

/** A message to send. */
export interface NetlinkMessageInput {
  readonly type: number;
  /** Default: `NLM_F_REQUEST` */
  readonly flags?: number | undefined;
  /** Default: 0 */
  readonly sequence?: number | undefined;
  /** Default: none */
  readonly data?: Uint8Array | undefined;
}

/** One attribute. */
export interface NetlinkAttribute {
  /** Without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`. */
  readonly type: number;
  /** It shares the memory that was decoded. Nested attributes are decoded by {@link decodeNetlinkAttributes} again. */
  readonly data: Buffer;
}

/** The facts in `RTM_NEWLINK` and `RTM_DELLINK` about an interface. */
export interface NetlinkLink {
  readonly index: number;
  /** `null` if the message does not name it. */
  readonly name: string | null;
  /** `INTERFACE.IFF_UP`, `IFF_RUNNING` ... */
  readonly flags: number;
  /** `INTERFACE.ARPHRD_ETHER` ... */
  readonly deviceType: number;
  /** `NETLINK.IFLA_MTU`, `IFLA_OPERSTATE` ... */
  readonly attributes: readonly NetlinkAttribute[];
}

const ADDRESS: OptionNames<NetlinkAddressInput> = { port: true, groups: true };
const MESSAGE: OptionNames<NetlinkMessageInput> = { type: true, flags: true, sequence: true, data: true };
/** struct sockaddr_nl: the family, padding, the port and the groups. */
const ADDRESS_BYTES = 12;
/** struct nlmsghdr: the length with it, type, flags, sequence and port. */
const HEADER_BYTES = NETLINK.NLMSG_HDRLEN;
/** struct nlattr: the length with it, and the type. */
const ATTRIBUTE_HEADER_BYTES = 4;
/** struct ifinfomsg: family, padding, device type, index, flags, and which flags have changed. */
const LINK_BYTES = 16;

const align = (length: number): number => Math.ceil(length / NETLINK.NLMSG_ALIGNTO) * NETLINK.NLMSG_ALIGNTO;

/**
 * An address for `bind` and `sendTo` of a netlink socket.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
 */
export function netlinkAddress(address: NetlinkAddressInput = {}): Uint8Array {
  checkOptions(address, 'address', ADDRESS);
  const { port = 0, groups = 0 } = address;
  checkInteger(port, 'address.port', 0, MAX_UINT32);
  checkInteger(groups, 'address.groups', 0, MAX_UINT32);
  const bytes = Buffer.alloc(ADDRESS_BYTES);
  bytes.writeUInt16LE(AF_NETLINK, 0);
  bytes.writeUInt32LE(port, 4);
  bytes.writeUInt32LE(groups, 8);
  return bytes;
}

/**
 * Makes the bytes of one message, for `sendTo` the kernel.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
 */
export function encodeNetlink(message: NetlinkMessageInput): Buffer {
  checkOptions(message, 'message', MESSAGE);
  const { type, flags = NETLINK.NLM_F_REQUEST, sequence = 0 } = message;
  checkInteger(type, 'message.type', 0, MAX_UINT16);
  checkInteger(flags, 'message.flags', 0, MAX_UINT16);
  checkInteger(sequence, 'message.sequence', 0, MAX_UINT32);
  const data = toBytes(message.data ?? '', 'message.data');
  const bytes = Buffer.alloc(align(HEADER_BYTES + data.length));
  bytes.writeUInt32LE(HEADER_BYTES + data.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt32LE(sequence, 8);
  bytes.set(data, HEADER_BYTES);
  return bytes;
}

/**
 * Makes the bytes of attributes, each at a multiple of 4.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export function encodeNetlinkAttribute(type: number, data: Uint8Array | string): Buffer {
  checkInteger(type, 'type', 0, MAX_UINT16);
  const content = toBytes(data, 'data');
  const length = ATTRIBUTE_HEADER_BYTES + content.length;
  checkInteger(length, 'data.length + 4', 0, MAX_UINT16);
  const bytes = Buffer.alloc(align(length));
  bytes.writeUInt16LE(length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(content, ATTRIBUTE_HEADER_BYTES);
  return bytes;
}

/**
 * Reads the messages of one datagram; an incomplete one at the end is left out.
 *
 * @throws ERR_INVALID_ARG_TYPE
 */
export function decodeNetlink(bytes: Uint8Array): NetlinkMessage[] {
  const buffer = structBytes(bytes);
  const messages: NetlinkMessage[] = [];
  for (let start = 0; buffer.length - start >= HEADER_BYTES;) {
    const length = buffer.readUInt32LE(start);
    if (length < HEADER_BYTES || length > buffer.length - start) break;
    messages.push({
      type: buffer.readUInt16LE(start + 4),
      flags: buffer.readUInt16LE(start + 6),
      sequence: buffer.readUInt32LE(start + 8),
      port: buffer.readUInt32LE(start + 12),
      data: buffer.subarray(start + HEADER_BYTES, start + length),
    });
    start += align(length);
  }
  return messages;
}

/**
 * Reads attributes one after the other; an incomplete one at the end is left out.
 *
 * @throws ERR_INVALID_ARG_TYPE
 */
export function decodeNetlinkAttributes(bytes: Uint8Array): NetlinkAttribute[] {
  const buffer = structBytes(bytes);
  const attributes: NetlinkAttribute[] = [];
  for (let start = 0; buffer.length - start >= ATTRIBUTE_HEADER_BYTES;) {
    const length = buffer.readUInt16LE(start);
    if (length < ATTRIBUTE_HEADER_BYTES || length > buffer.length - start) break;
    attributes.push({
      type: buffer.readUInt16LE(start + 2) & NETLINK.NLA_TYPE_MASK,
      data: buffer.subarray(start + ATTRIBUTE_HEADER_BYTES, start + length),
    });
    start += align(length);
  }
  return attributes;
}

/**
 * Reads a message's facts about an interface.
 *
 * @returns `null` for any other message
 * @throws ERR_INVALID_ARG_TYPE
 */
export function decodeNetlinkLink(message: NetlinkMessage): NetlinkLink | null {
  checkObject(message, 'message');
  const { type } = message;
  const data = structBytes(message.data, 'message.data');
  const isLink = type === NETLINK.RTM_NEWLINK || type === NETLINK.RTM_DELLINK;
  if (!isLink || data.length < LINK_BYTES) return null;
  const attributes = decodeNetlinkAttributes(data.subarray(LINK_BYTES));
  const name = attributes.find((attribute) => attribute.type === NETLINK.IFLA_IFNAME)?.data;
  return {
    index: data.readInt32LE(4),
    name: name === undefined ? null : textUpToNul(name),
    flags: data.readUInt32LE(8),
    deviceType: data.readUInt16LE(2),
    attributes,
  };
}
