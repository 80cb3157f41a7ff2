/** A timer that can be waited for: timerfd_create(2). */
import { checkBoolean, checkOneOf, checkOptions, type OptionNames, toTimeoutMs } from '../arguments.js';
import { native } from '../binding/load.js';
import { outOfRange } from '../errors.js';
import { OpenFd } from '../readiness/open-fd.js';
import { CounterFd } from './counter-fd.js';

/**
 * The clock of a timer: 'monotonic' is not changed by setting the clock and stands still while the system is
 * suspended; 'boottime' goes on then, and its alarm wakes the system (with CAP_WAKE_ALARM); 'realtime' is the time of
 * day.
 */
export type TimerClock = 'monotonic' | 'boottime' | 'boottime-alarm' | 'realtime' | 'realtime-alarm';

/** The options of {@link TimerFd.set}. */
export interface TimerOptions {
  /** Milliseconds until the first expiry, from 0 (at once) to 292 years, fractions honoured to the nanosecond. */
  readonly initialMs: number;
  /** Milliseconds from one expiry to the next; 0, the default, is a single expiry. */
  readonly intervalMs?: number | undefined;
  /** Whether `initialMs` is a moment of the clock (for 'realtime', since 1970) and not a delay. Default: false. */
  readonly absolute?: boolean | undefined;
  /** With an absolute realtime timer: a read throws ECANCELED after the clock was set. Default: false. */
  readonly cancelOnSet?: boolean | undefined;
}

const OPTIONS: OptionNames<TimerOptions> = { initialMs: true, intervalMs: true, absolute: true, cancelOnSet: true };

/** The state of a timer. */
export interface TimerState {
  /** Milliseconds until the next expiry; 0 if it is not armed. */
  readonly remainingMs: number;
  /** Milliseconds from one expiry to the next; 0 for a single one. */
  readonly intervalMs: number;
}

/** Numbers of clock_gettime(2). */
const CLOCKS: Readonly<Record<TimerClock, number>> = {
  realtime: 0,
  monotonic: 1,
  boottime: 7,
  'realtime-alarm': 8,
  'boottime-alarm': 9,
};
const TFD_TIMER_ABSTIME = 1;
const TFD_TIMER_CANCEL_ON_SET = 2;
/** The shortest time, since 0 means "disarm" to the kernel. */
const NANOSECOND_MS = 1e-6;

/** A timer, non-blocking and close-on-exec: it is readable once it has expired. */
export class TimerFd extends CounterFd {
  /**
   * Makes a timer that is not armed.
   *
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EMFILE, EPERM (an alarm clock)
   */
  constructor(clock: TimerClock = 'monotonic') {
    checkOneOf(clock, 'clock', ['monotonic', 'boottime', 'boottime-alarm', 'realtime', 'realtime-alarm']);
    super(new OpenFd(native.timerFd(CLOCKS[clock])), 'TimerFd', 'the timerfd');
  }

  /**
   * Arms the timer, instead of any earlier setting: timerfd_settime(2). It then counts its expiries from 0.
   *
   * @returns its state before
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ECANCELED (the clock was set)
   */
  set(options: TimerOptions): TimerState {
    const fd = this.fd;
    checkOptions(options, 'options', OPTIONS);
    const { initialMs, intervalMs = 0, absolute = false, cancelOnSet = false } = options;
    checkBoolean(absolute, 'options.absolute');
    checkBoolean(cancelOnSet, 'options.cancelOnSet');
    const flags = (absolute ? TFD_TIMER_ABSTIME : 0) | (cancelOnSet ? TFD_TIMER_CANCEL_ON_SET : 0);
    const initial = Math.max(NANOSECOND_MS, toTimeMs(initialMs, 'options.initialMs'));
    return native.timerFdSet(fd, initial, toTimeMs(intervalMs, 'options.intervalMs'), flags);
  }

  /** Stops the timer. @returns its state before @throws ERR_CLOSED */
  disarm(): TimerState {
    return native.timerFdSet(this.fd, 0, 0, 0);
  }

  /** Returns the state of the timer: timerfd_gettime(2). @throws ERR_CLOSED */
  get(): TimerState {
    return native.timerFdGet(this.fd);
  }

  /**
   * Takes the number of expiries since the last read or setting.
   *
   * @returns at least 1; `null` if there was none
   * @throws ERR_CLOSED; ECANCELED (see {@link TimerOptions.cancelOnSet})
   */
  read(): bigint | null {
    return this.readNumber();
  }
}

function toTimeMs(value: unknown, name: string): number {
  if (value === undefined || value === null) throw outOfRange(name, 'at least 0 milliseconds', value);
  const timeMs = toTimeoutMs(value, name);
  if (timeMs < 0) throw outOfRange(name, 'milliseconds from 0 to 292 years', value);
  return timeMs;
}
