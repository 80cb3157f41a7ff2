/** Frames and addresses of controller area networks: networking/can.rst. */
import { checkBoolean, checkInteger, checkOptions, MAX_UINT8, type OptionNames, toBytes } from '../arguments.js';
import { outOfRange } from '../errors.js';
import { AF_CAN } from './constants.js';
import { toInterfaceIndex } from './interface.js';
import { CAN } from './kernel-constants.js';
import { structBytes } from './struct-bytes.js';

/** One frame. */
export interface CanFrame {
  /** 11 bits, or 29 in an extended frame; the class of an error frame. */
  readonly id: number;
  readonly isExtended: boolean;
  /** A remote frame: it requests data, and has none. */
  readonly isRemote: boolean;
  /** From the driver: a report of an error on the bus. It cannot be sent. */
  readonly isError: boolean;
  /** A frame of CAN FD, with up to 64 bytes; it needs the option `CAN_RAW_FD_FRAMES`. */
  readonly isFd: boolean;
  /** `CANFD_BRS`, `CANFD_ESI`; 0 in other frames. */
  readonly fdFlags: number;
  readonly data: Buffer;
}

/** A frame to send. */
export interface CanFrameInput {
  readonly id: number;
  /** Default: whether the id has more than 11 bits */
  readonly isExtended?: boolean | undefined;
  /** Default: false */
  readonly isRemote?: boolean | undefined;
  /** Default: false */
  readonly isFd?: boolean | undefined;
  /** With `isFd`: `CANFD_BRS` sends the data at the higher rate. Default: 0 */
  readonly fdFlags?: number | undefined;
  /** At most 8 bytes; with `isFd` 0 to 8, 12, 16, 20, 24, 32, 48 or 64. Default: none */
  readonly data?: Uint8Array | string | undefined;
}

const FRAME: OptionNames<CanFrameInput> = {
  id: true,
  isExtended: true,
  isRemote: true,
  isFd: true,
  fdFlags: true,
  data: true,
};
/** struct sockaddr_can: the family, and the number of the interface. */
const ADDRESS_BYTES = 24;
const INTERFACE_AT = 4;
/** Both kinds of frame: the id with its flags, the length, the flags of CAN FD, and the data. */
const LENGTH_AT = 4;
const FD_FLAGS_AT = 5;
const DATA_AT = 8;
/** The lengths of CAN FD beyond 8 bytes. A driver would pad any other length, and so change the message. */
const LONG_LENGTHS: readonly number[] = [12, 16, 20, 24, 32, 48, 64];

/**
 * The address of an interface, for `bind` and `sendTo`.
 *
 * @param through its name or number; 0 receives from all
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENODEV (no such interface)
 */
export function canAddress(through: string | number): Uint8Array {
  const index = toInterfaceIndex(through, 'interface');
  const bytes = Buffer.alloc(ADDRESS_BYTES);
  bytes.writeUInt16LE(AF_CAN, 0);
  bytes.writeInt32LE(index, INTERFACE_AT);
  return bytes;
}

/**
 * Makes the bytes of a frame, struct can_frame or struct canfd_frame. One write sends one frame.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
 */
export function encodeCanFrame(frame: CanFrameInput): Buffer {
  checkOptions(frame, 'frame', FRAME);
  const { id, isRemote = false, isFd = false, fdFlags = 0 } = frame;
  checkInteger(id, 'frame.id', 0, CAN.CAN_EFF_MASK);
  const { isExtended = id > CAN.CAN_SFF_MASK } = frame;
  checkBoolean(isExtended, 'frame.isExtended');
  checkBoolean(isRemote, 'frame.isRemote');
  checkBoolean(isFd, 'frame.isFd');
  checkInteger(fdFlags, 'frame.fdFlags', 0, isFd ? MAX_UINT8 : 0);
  if (!isExtended) checkInteger(id, 'frame.id', 0, CAN.CAN_SFF_MASK);
  const data = toBytes(frame.data ?? '', 'frame.data');
  const max = isFd ? CAN.CANFD_MAX_DLEN : CAN.CAN_MAX_DLEN;
  if (data.length > max) throw outOfRange('frame.data.length', `at most ${max}`, data.length);
  if (data.length > CAN.CAN_MAX_DLEN && !LONG_LENGTHS.includes(data.length)) {
    throw outOfRange(
      'frame.data.length',
      `at most ${CAN.CAN_MAX_DLEN}, or one of ${LONG_LENGTHS.join(', ')}`,
      data.length,
    );
  }
  const bytes = Buffer.alloc(isFd ? CAN.CANFD_MTU : CAN.CAN_MTU);
  const flags = (isExtended ? CAN.CAN_EFF_FLAG : 0) | (isRemote ? CAN.CAN_RTR_FLAG : 0);
  bytes.writeUInt32LE((id | flags) >>> 0, 0);
  bytes.writeUInt8(data.length, LENGTH_AT);
  bytes.writeUInt8(fdFlags, FD_FLAGS_AT);
  bytes.set(data, DATA_AT);
  return bytes;
}

/**
 * Reads the frame that one read or receive has given.
 *
 * @returns `null` if the bytes are no frame
 * @throws ERR_INVALID_ARG_TYPE
 */
export function decodeCanFrame(bytes: Uint8Array): CanFrame | null {
  const frame = structBytes(bytes);
  if (frame.length !== CAN.CAN_MTU && frame.length !== CAN.CANFD_MTU) return null;
  const word = frame.readUInt32LE(0);
  const length = frame.readUInt8(LENGTH_AT);
  if (length > frame.length - DATA_AT) return null;
  const has = (flag: number): boolean => (word & flag) !== 0;
  const isExtended = has(CAN.CAN_EFF_FLAG);
  const isError = has(CAN.CAN_ERR_FLAG);
  const isFd = frame.length === CAN.CANFD_MTU;
  return {
    id: word & (isExtended || isError ? CAN.CAN_EFF_MASK : CAN.CAN_SFF_MASK),
    isExtended,
    isRemote: has(CAN.CAN_RTR_FLAG),
    isError,
    isFd,
    fdFlags: isFd ? frame.readUInt8(FD_FLAGS_AT) : 0,
    data: Buffer.from(frame.subarray(DATA_AT, DATA_AT + length)),
  };
}
