/** The controls of a terminal or a serial line besides its settings: ioctl_tty(2), ioctl_console(2). */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkOptions,
  type FdLike,
  MAX_UINT16,
  type OptionNames,
  toFd,
} from '../arguments.js';
import { native } from '../binding/load.js';
import { hasCode } from '../errors.js';
import { TTY } from './kernel-constants.js';

/** The size of a terminal's window. */
export interface WindowSize {
  /** From 0 to 65,535; 0 if it is not known, as are the other numbers. */
  readonly columns: number;
  readonly rows: number;
  /** The size in pixels, of which few programs know. Default: 0 */
  readonly widthPixels?: number | undefined;
  readonly heightPixels?: number | undefined;
}

/** The modem lines of a serial port: ioctl_tty(2), TIOCMGET. */
export interface ModemLines {
  /** Data terminal ready: ours. */
  readonly dtr: boolean;
  /** Request to send: ours. */
  readonly rts: boolean;
  /** Clear to send: the other side's. */
  readonly cts: boolean;
  /** Data set ready: the other side's. */
  readonly dsr: boolean;
  /** Data carrier detect: the other side's. */
  readonly dcd: boolean;
  /** Ring indicator: the other side's. */
  readonly ri: boolean;
}

/** The lines that can be set; an omitted one stays as it is. */
export interface ModemLineChanges {
  readonly dtr?: boolean | undefined;
  readonly rts?: boolean | undefined;
}

/** Which queue {@link flushQueues} drops. */
export type TerminalQueue = 'input' | 'output' | 'both';

const {
  TCFLSH,
  TCSBRK,
  TIOCCBRK,
  TIOCEXCL,
  TIOCGWINSZ,
  TIOCMBIC,
  TIOCMBIS,
  TIOCMGET,
  TIOCM_CAR,
  TIOCM_CTS,
  TIOCM_DSR,
  TIOCM_DTR,
  TIOCM_RNG,
  TIOCM_RTS,
  TIOCNXCL,
  TIOCOUTQ,
  TIOCSBRK,
  TIOCSWINSZ,
} = TTY;

const WINDOW_SIZE: OptionNames<WindowSize> = { columns: true, rows: true, widthPixels: true, heightPixels: true };
const LINE_CHANGES: OptionNames<ModemLineChanges> = { dtr: true, rts: true };
const QUEUES: readonly TerminalQueue[] = ['input', 'output', 'both'];

/** With any number but 0, TCSBRK waits for the hardware instead of sending a break. */
const WAIT_ONLY = 1;

/** The interval of looks at the queue, in milliseconds. */
const DRAIN_POLL_MS = 5;
const DEFAULT_BREAK_MS = 250;
const MAX_BREAK_MS = 60_000;

/**
 * Reads the size of a terminal's window: TIOCGWINSZ.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOTTY, EBADF
 */
export function getWindowSize(fd: FdLike): Required<WindowSize> {
  const numbers = new Uint16Array(4);
  native.ioctl(toFd(fd), TIOCGWINSZ, new Uint8Array(numbers.buffer));
  const [rows = 0, columns = 0, widthPixels = 0, heightPixels = 0] = numbers;
  return { columns, rows, widthPixels, heightPixels };
}

/**
 * Sets the size of a terminal's window: TIOCSWINSZ. If it changes, the terminal's foreground processes get SIGWINCH.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION; ENOTTY, EBADF
 */
export function setWindowSize(fd: FdLike, size: WindowSize): void {
  const number = toFd(fd);
  checkOptions(size, 'size', WINDOW_SIZE);
  const { columns, rows, widthPixels = 0, heightPixels = 0 } = size;
  for (const [name, value] of Object.entries({ columns, rows, widthPixels, heightPixels })) {
    checkInteger(value, `size.${name}`, 0, MAX_UINT16);
  }
  const numbers = Uint16Array.of(rows, columns, widthPixels, heightPixels);
  native.ioctl(number, TIOCSWINSZ, new Uint8Array(numbers.buffer));
}

/**
 * Reads the modem lines of a serial port: TIOCMGET.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOTTY (a pseudo-terminal has none), EIO (unplugged), EBADF
 */
export function getModemLines(fd: FdLike): ModemLines {
  const numbers = new Int32Array(1);
  native.ioctl(toFd(fd), TIOCMGET, new Uint8Array(numbers.buffer));
  const [lines = 0] = numbers;
  const isOn = (bit: number): boolean => (lines & bit) !== 0;
  return {
    dtr: isOn(TIOCM_DTR),
    rts: isOn(TIOCM_RTS),
    cts: isOn(TIOCM_CTS),
    dsr: isOn(TIOCM_DSR),
    dcd: isOn(TIOCM_CAR),
    ri: isOn(TIOCM_RNG),
  };
}

/**
 * Raises or lowers DTR and RTS: TIOCMBIS, TIOCMBIC.
 *
 * @throws as {@link getModemLines}; ERR_UNKNOWN_OPTION
 */
export function setModemLines(fd: FdLike, lines: ModemLineChanges): void {
  const number = toFd(fd);
  checkOptions(lines, 'lines', LINE_CHANGES);
  const { dtr, rts } = lines;
  let raised = 0;
  let lowered = 0;
  for (const [name, value, bit] of [
    ['dtr', dtr, TIOCM_DTR],
    ['rts', rts, TIOCM_RTS],
  ] as const) {
    if (value === undefined) continue;
    checkBoolean(value, `lines.${name}`);
    if (value) raised |= bit;
    else lowered |= bit;
  }
  const change = (request: number, bits: number): void => {
    if (bits !== 0) native.ioctl(number, request, new Uint8Array(Int32Array.of(bits).buffer));
  };
  change(TIOCMBIS, raised);
  change(TIOCMBIC, lowered);
}

/**
 * Drops bytes that were received and not read, bytes that were written and not sent, or both: TCFLSH, tcflush(3).
 *
 * @param queue Default: 'both'
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOTTY, EBADF
 */
export function flushQueues(fd: FdLike, queue: TerminalQueue = 'both'): void {
  const number = toFd(fd);
  checkOneOf(queue, 'queue', QUEUES);
  native.ioctl(number, TCFLSH, QUEUES.indexOf(queue));
}

/**
 * Waits until everything written has been sent, without blocking the thread meanwhile: tcdrain(3). It does not end
 * while the other side holds the output up.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOTTY, EBADF, EIO (unplugged)
 */
export async function drainOutput(fd: FdLike): Promise<void> {
  const queued = new Int32Array(1);
  const bytes = new Uint8Array(queued.buffer);
  for (;;) {
    // Its owner may have closed it meanwhile.
    native.ioctl(toFd(fd), TIOCOUTQ, bytes);
    if (queued[0] === 0) break;
    await sleep(DRAIN_POLL_MS);
  }
  // The rest is in the hardware, which holds less than a kilobyte.
  waitForHardware(toFd(fd));
}

function waitForHardware(fd: number): void {
  for (;;) {
    try {
      native.ioctl(fd, TCSBRK, WAIT_ONLY);
      return;
    } catch (error) {
      if (!hasCode(error, 'EINTR')) throw error;
    }
  }
}

/**
 * Sends a break, the line held low, without blocking the thread meanwhile: TIOCSBRK, TIOCCBRK.
 *
 * @param durationMs milliseconds, from 1 to 60,000. Default: 250
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOTTY, EBADF, EIO (unplugged)
 */
export async function sendBreak(fd: FdLike, durationMs = DEFAULT_BREAK_MS): Promise<void> {
  checkInteger(durationMs, 'durationMs', 1, MAX_BREAK_MS);
  native.ioctl(toFd(fd), TIOCSBRK, 0);
  await sleep(durationMs);
  native.ioctl(toFd(fd), TIOCCBRK, 0);
}

/**
 * Lets only root open the terminal, or lets everybody again: TIOCEXCL, TIOCNXCL.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOTTY, EBADF
 */
export function setExclusive(fd: FdLike, exclusive = true): void {
  const number = toFd(fd);
  checkBoolean(exclusive, 'exclusive');
  native.ioctl(number, exclusive ? TIOCEXCL : TIOCNXCL, 0);
}
