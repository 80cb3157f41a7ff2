/** Events of input devices: struct input_event, input/input.rst. */
import { checkArray, checkInteger, checkOptions, MAX_INT32, MAX_UINT16, type OptionNames } from '../arguments.js';
import { invalidArgType } from '../errors.js';
import { structBytes } from './struct-bytes.js';

/** One change of a key, an axis or a switch; `EV_SYN` ends a group of simultaneous changes. */
export interface InputEvent {
  /** The time, by the clock of the device: since 1970, unless `EVIOCSCLOCKID` chose another clock. */
  readonly timeNs: bigint;
  /** `INPUT.EV_KEY`, `EV_REL`, `EV_ABS` ... */
  readonly type: number;
  /** `INPUT.KEY_A`, `REL_X` ... */
  readonly code: number;
  /** 1 for a key that is pressed, 0 up, 2 a repetition; a distance, a position. */
  readonly value: number;
}

/** An event to write: `timeNs` may be left out, since the kernel sets it. */
export type InputEventInput = Omit<InputEvent, 'timeNs'> & { readonly timeNs?: bigint | undefined };

const EVENT: OptionNames<InputEvent> = { timeNs: true, type: true, code: true, value: true };
/** struct timeval, then type, code and value. */
const EVENT_BYTES = 24;
const NS_PER_US = 1000n;
const US_PER_SECOND = 1_000_000n;

/**
 * Reads the events of one read; an incomplete one at the end is left out.
 *
 * @throws ERR_INVALID_ARG_TYPE
 */
export function decodeInputEvents(bytes: Uint8Array): InputEvent[] {
  const buffer = structBytes(bytes);
  const events: InputEvent[] = [];
  for (let start = 0; buffer.length - start >= EVENT_BYTES; start += EVENT_BYTES) {
    const timeUs = buffer.readBigInt64LE(start) * US_PER_SECOND + buffer.readBigInt64LE(start + 8);
    events.push({
      timeNs: timeUs * NS_PER_US,
      type: buffer.readUInt16LE(start + 16),
      code: buffer.readUInt16LE(start + 18),
      value: buffer.readInt32LE(start + 20),
    });
  }
  return events;
}

/**
 * Writes events as a device of uinput takes them, or the lamps of a keyboard (`EV_LED`).
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
 */
export function encodeInputEvents(events: readonly InputEventInput[]): Buffer {
  checkArray(events, 'events');
  const bytes = Buffer.alloc(events.length * EVENT_BYTES);
  events.forEach((event, index) => {
    const name = `events[${index}]`;
    checkOptions(event, name, EVENT);
    const { timeNs = 0n, type, code, value } = event;
    if (typeof timeNs !== 'bigint') throw invalidArgType(`${name}.timeNs`, 'a bigint', timeNs);
    checkInteger(type, `${name}.type`, 0, MAX_UINT16);
    checkInteger(code, `${name}.code`, 0, MAX_UINT16);
    checkInteger(value, `${name}.value`, -MAX_INT32 - 1, MAX_INT32);
    const start = index * EVENT_BYTES;
    const timeUs = BigInt.asIntN(64, timeNs) / NS_PER_US;
    bytes.writeBigInt64LE(timeUs / US_PER_SECOND, start);
    bytes.writeBigInt64LE(timeUs % US_PER_SECOND, start + 8);
    bytes.writeUInt16LE(type, start + 16);
    bytes.writeUInt16LE(code, start + 18);
    bytes.writeInt32LE(value, start + 20);
  });
  return bytes;
}
