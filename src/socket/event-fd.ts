/** A counter that can be waited for: eventfd(2). */
import { checkBoolean, checkInteger, checkOptions, MAX_INT32, MAX_UINT32, type OptionNames } from '../arguments.js';
import { native } from '../binding/load.js';
import { invalidArgType, outOfRange } from '../errors.js';
import { OpenFd } from '../readiness/open-fd.js';
import { CounterFd } from './counter-fd.js';

/** Options of {@link EventFd}. */
export interface EventFdOptions {
  /** Whether a read takes 1 off the counter instead of all of it. Default: false. */
  readonly semaphore?: boolean | undefined;
}

const OPTIONS: OptionNames<EventFdOptions> = { semaphore: true };

/** One less than the largest uint64: the counter cannot hold more. */
const MAX_COUNTER = 0xffff_ffff_ffff_fffen;

/**
 * A 64-bit counter in the kernel, non-blocking and close-on-exec. It is readable while above 0, and writable while 1
 * can be added. Threads and processes that hold the fd share it.
 */
export class EventFd extends CounterFd {
  /**
   * @param initialValue from 0 to 2^32-1; default: 0
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EMFILE, ENFILE
   */
  constructor(initialValue?: bigint | number, options?: EventFdOptions);
  constructor(initialValue: bigint | number = 0n, options: EventFdOptions = {}, adopted?: unknown) {
    super(adopted instanceof OpenFd ? adopted : open(initialValue, options), 'EventFd', 'the eventfd');
  }

  /**
   * Wraps an eventfd that exists. It should be non-blocking: a read of a blocking one waits.
   *
   * @param fd belongs to the new object, which closes it; `detach` gives it back
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EBADF
   */
  static fromFd(fd: number): EventFd {
    checkInteger(fd, 'fd', 0, MAX_INT32);
    native.isNonBlocking(fd);
    const adopt: new (initialValue: bigint, options: EventFdOptions, adopted: OpenFd) => EventFd = EventFd;
    return new adopt(0n, {}, new OpenFd(fd));
  }

  /**
   * Reads the counter and sets it to 0; as a semaphore, takes 1 off it and gives 1.
   *
   * @returns `null` if the counter is 0
   * @throws ERR_CLOSED
   */
  read(): bigint | null {
    return this.readNumber();
  }

  /**
   * Adds to the counter.
   *
   * @param value from 0 to 2^64-2; default: 1
   * @returns false if the sum would be above 2^64-2: nothing is added
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  write(value: bigint | number = 1n): boolean {
    return this.writeNumber(toCounter(value, 'value', MAX_COUNTER));
  }
}

function open(initialValue: bigint | number, options: EventFdOptions): OpenFd {
  checkOptions(options, 'options', OPTIONS);
  const { semaphore = false } = options;
  const value = Number(toCounter(initialValue, 'initialValue', BigInt(MAX_UINT32)));
  checkBoolean(semaphore, 'options.semaphore');
  return new OpenFd(semaphore ? native.eventFdSemaphore(value) : native.eventFd(value));
}

function toCounter(value: unknown, name: string, max: bigint): bigint {
  if (typeof value !== 'bigint' && typeof value !== 'number') throw invalidArgType(name, 'a bigint or a number', value);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw outOfRange(name, 'a safe integer', value);
  const counter = BigInt(value);
  if (counter < 0n || counter > max) throw outOfRange(name, `from 0 to ${max}`, value);
  return counter;
}
