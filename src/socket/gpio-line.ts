/** Lines of a GPIO chip: userspace-api/gpio/chardev.rst. */
import { checkArray, checkInteger, checkOptions, checkString, MAX_UINT32, type OptionNames } from '../arguments.js';
import { outOfRange } from '../errors.js';
import { GPIO } from './kernel-constants.js';
import { structBytes } from './struct-bytes.js';

/** Which lines of a chip, and how. */
export interface GpioLineRequest {
  /** The numbers of the lines on the chip, 1 to 64 of them. */
  readonly lines: readonly number[];
  /** `GPIO_V2_LINE_FLAG_INPUT`, `GPIO_V2_LINE_FLAG_EDGE_RISING`, `GPIO_V2_LINE_FLAG_BIAS_PULL_UP` ... Default: 0 */
  readonly flags?: number | undefined;
  /** The consumer of the lines, as `gpioinfo` shows it: at most 31 bytes. Default: 'fdmux' */
  readonly consumer?: string | undefined;
  /** How long a line must be steady, in microseconds. Default: 0, as the driver does it */
  readonly debounceUs?: number | undefined;
  /** How many edges the kernel keeps until they are read. Default: 16 for each line */
  readonly eventBufferSize?: number | undefined;
}

/** One edge. */
export interface GpioLineEvent {
  /** The time, by CLOCK_MONOTONIC unless the flags chose another clock. */
  readonly timeNs: bigint;
  readonly edge: 'rising' | 'falling';
  /** The number of the line on the chip. */
  readonly line: number;
  /** Counts the events of all lines of the request, and of this one; a gap means that events were lost. */
  readonly sequence: number;
  readonly lineSequence: number;
}

const REQUEST: OptionNames<GpioLineRequest> = {
  lines: true,
  flags: true,
  consumer: true,
  debounceUs: true,
  eventBufferSize: true,
};

/** struct gpio_v2_line_request. */
const REQUEST_BYTES = 592;
const CONSUMER_AT = 256;
const FLAGS_AT = 288;
const ATTRIBUTE_COUNT_AT = 296;
/** The first attribute: its id, its value, and a mask of the lines that it is about. */
const ATTRIBUTE_AT = 320;
const ATTRIBUTE_VALUE_AT = 328;
const ATTRIBUTE_MASK_AT = 336;
const LINE_COUNT_AT = 560;
const BUFFER_SIZE_AT = 564;
const FD_AT = 588;
/** struct gpio_v2_line_event. */
const EVENT_BYTES = 48;

/**
 * Makes the struct of `GPIO_V2_GET_LINE_IOCTL`, by which a chip gives an fd of its lines.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
 */
export function encodeGpioLineRequest(request: GpioLineRequest): Buffer {
  checkOptions(request, 'request', REQUEST);
  const { lines, flags = 0, consumer = 'fdmux', debounceUs = 0, eventBufferSize = 0 } = request;
  checkArray(lines, 'request.lines');
  checkInteger(lines.length, 'request.lines.length', 1, GPIO.GPIO_V2_LINES_MAX);
  checkInteger(flags, 'request.flags', 0, Number.MAX_SAFE_INTEGER);
  checkString(consumer, 'request.consumer');
  checkInteger(debounceUs, 'request.debounceUs', 0, MAX_UINT32);
  checkInteger(eventBufferSize, 'request.eventBufferSize', 0, MAX_UINT32);
  const name = Buffer.from(consumer);
  if (name.length >= GPIO.GPIO_MAX_NAME_SIZE) throw outOfRange('request.consumer', 'at most 31 bytes long', consumer);
  const bytes = Buffer.alloc(REQUEST_BYTES);
  lines.forEach((line: unknown, index) => {
    checkInteger(line, `request.lines[${index}]`, 0, MAX_UINT32);
    bytes.writeUInt32LE(line, index * 4);
  });
  name.copy(bytes, CONSUMER_AT);
  bytes.writeBigUInt64LE(BigInt(flags), FLAGS_AT);
  bytes.writeUInt32LE(lines.length, LINE_COUNT_AT);
  bytes.writeUInt32LE(eventBufferSize, BUFFER_SIZE_AT);
  if (debounceUs > 0) {
    bytes.writeUInt32LE(1, ATTRIBUTE_COUNT_AT);
    bytes.writeUInt32LE(GPIO.GPIO_V2_LINE_ATTR_ID_DEBOUNCE, ATTRIBUTE_AT);
    bytes.writeUInt32LE(debounceUs, ATTRIBUTE_VALUE_AT);
    bytes.writeBigUInt64LE((1n << BigInt(lines.length)) - 1n, ATTRIBUTE_MASK_AT);
  }
  return bytes;
}

/**
 * The fd of the lines, after `ioctl` has filled the struct. It is yours: `Descriptor.fromFd` takes it.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export function gpioLineFd(request: Uint8Array): number {
  return structBytes(request, 'request', REQUEST_BYTES).readInt32LE(FD_AT);
}

/**
 * Reads the edges of one read; an incomplete one at the end is left out.
 *
 * @throws ERR_INVALID_ARG_TYPE
 */
export function decodeGpioLineEvents(bytes: Uint8Array): GpioLineEvent[] {
  const buffer = structBytes(bytes);
  const events: GpioLineEvent[] = [];
  for (let start = 0; buffer.length - start >= EVENT_BYTES; start += EVENT_BYTES) {
    const isRising = buffer.readUInt32LE(start + 8) === GPIO.GPIO_V2_LINE_EVENT_RISING_EDGE;
    events.push({
      timeNs: buffer.readBigUInt64LE(start),
      edge: isRising ? 'rising' : 'falling',
      line: buffer.readUInt32LE(start + 12),
      sequence: buffer.readUInt32LE(start + 16),
      lineSequence: buffer.readUInt32LE(start + 20),
    });
  }
  return events;
}
