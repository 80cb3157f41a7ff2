/** Requests about one network interface: struct ifreq, netdevice(7). */
import { checkInteger, checkOptions, checkString, MAX_INT32, MAX_UINT16, type OptionNames } from '../arguments.js';
import { outOfRange } from '../errors.js';
import { type AddressInput, encodeAddress } from './address.js';
import { INTERFACE } from './kernel-constants.js';
import { structBytes, textUpToNul } from './struct-bytes.js';

/** The values that the request sets: at most one of them. */
export interface InterfaceRequestValue {
  /** `TUN.IFF_TUN` for `TUNSETIFF`, `INTERFACE.IFF_UP` for `SIOCSIFFLAGS` ... */
  readonly flags?: number | undefined;
  /** An MTU, a metric, a length of a queue, an index. */
  readonly number?: number | undefined;
  /** For `SIOCSIFADDR`, `SIOCSIFNETMASK` ...; its port is 0. */
  readonly address?: AddressInput | undefined;
}

/** The results of a request. The request decides which of the values has a meaning. */
export interface InterfaceRequest {
  readonly name: string;
  readonly flags: number;
  readonly number: number;
  /** A sockaddr, for `decodeAddress`; a hardware address. */
  readonly bytes: Buffer;
}

const VALUE: OptionNames<InterfaceRequestValue> = { flags: true, number: true, address: true };
/** The name, then a union of 24 bytes. */
const NAME_BYTES = INTERFACE.IFNAMSIZ;
const REQUEST_BYTES = 40;

/**
 * Makes the struct of an `ioctl` about an interface.
 *
 * @param name at most 15 bytes; 'tun%d' lets the kernel choose a number. Default: '', the kernel chooses it all
 * @param value the value that the request sets. Default: nothing
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
 */
export function encodeInterfaceRequest(name = '', value: InterfaceRequestValue = {}): Buffer {
  checkString(name, 'name');
  checkOptions(value, 'value', VALUE);
  const bytes = Buffer.alloc(REQUEST_BYTES);
  const nameBytes = Buffer.from(name);
  if (nameBytes.length >= NAME_BYTES || nameBytes.includes(0)) {
    throw outOfRange('name', `at most ${NAME_BYTES - 1} bytes without a NUL`, name);
  }
  nameBytes.copy(bytes);
  const { flags, number, address } = value;
  if ([flags, number, address].filter((each) => each !== undefined).length > 1) {
    throw outOfRange('value', 'one of flags, number and address', value);
  }
  if (flags !== undefined) {
    checkInteger(flags, 'value.flags', 0, MAX_UINT16);
    bytes.writeUInt16LE(flags, NAME_BYTES);
  }
  if (number !== undefined) {
    checkInteger(number, 'value.number', -MAX_INT32 - 1, MAX_INT32);
    bytes.writeInt32LE(number, NAME_BYTES);
  }
  if (address !== undefined) {
    const sockaddr = encodeAddress(address, 'value.address');
    checkInteger(sockaddr.length, 'value.address.length', 0, REQUEST_BYTES - NAME_BYTES);
    bytes.set(sockaddr, NAME_BYTES);
  }
  return bytes;
}

/**
 * Reads the struct after an `ioctl` has filled it.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export function decodeInterfaceRequest(request: Uint8Array): InterfaceRequest {
  const bytes = structBytes(request, 'request', REQUEST_BYTES);
  return {
    name: textUpToNul(bytes.subarray(0, NAME_BYTES)),
    flags: bytes.readUInt16LE(NAME_BYTES),
    number: bytes.readInt32LE(NAME_BYTES),
    bytes: bytes.subarray(NAME_BYTES),
  };
}
