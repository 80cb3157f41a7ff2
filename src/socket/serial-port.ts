/** Serial lines: tty(4), termios(3). */
import { constants } from 'node:fs';
import { checkBoolean, checkInteger, checkOneOf, checkOptions, MAX_UINT32, type OptionNames } from '../arguments.js';
import { native } from '../binding/load.js';
import { systemError } from '../errors.js';
import { OpenFd } from '../readiness/open-fd.js';
import { openPath } from './blocking-io.js';
import { ByteFd } from './byte-fd.js';
import { type PathInput, toPathBytes } from './path.js';
import {
  drainOutput,
  flushQueues,
  getModemLines,
  type ModemLineChanges,
  type ModemLines,
  sendBreak,
  setExclusive,
  setModemLines,
  type TerminalQueue,
} from './terminal.js';
import { PARITY_NAMES, Termios, type TermiosChanges, type TermiosSettings } from './termios.js';

/** Options of {@link SerialPort.open}. */
export interface SerialPortOptions {
  /** Bits per second, any number that the driver takes, from 1 to 4,294,967,295. */
  readonly baudRate: number;
  /** Default: 8 */
  readonly dataBits?: TermiosChanges['dataBits'];
  /** Default: 'none' */
  readonly parity?: TermiosChanges['parity'];
  /** Default: 1 */
  readonly stopBits?: TermiosChanges['stopBits'];
  /** Flow control by the lines RTS and CTS. Default: false */
  readonly rtscts?: boolean | undefined;
  /** Flow control by the bytes Ctrl-S and Ctrl-Q, in both directions. Default: false */
  readonly xonxoff?: boolean | undefined;
  /** Whether the last close lowers DTR, which restarts some boards. Default: true */
  readonly hangsUpOnClose?: boolean | undefined;
  /** Whether only root may open the port meanwhile. Default: true */
  readonly exclusive?: boolean | undefined;
}

const OPTIONS: OptionNames<SerialPortOptions> = {
  baudRate: true,
  dataBits: true,
  parity: true,
  stopBits: true,
  rtscts: true,
  xonxoff: true,
  hangsUpOnClose: true,
  exclusive: true,
};
const { O_NOCTTY, O_NONBLOCK, O_RDWR } = constants;
/** How far off a rate may be before the two sides misread each other, as a part of it. */
const RATE_TOLERANCE = 0.05;

/** A serial line that passes bytes as they are. */
export class SerialPort extends ByteFd {
  private constructor(fd: OpenFd) {
    super(fd, 'SerialPort', 'the serial port');
  }

  /**
   * Opens a serial line, non-blocking and close-on-exec, in the raw mode. It does not wait for a carrier, and ignores
   * the loss of one.
   *
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION; EINVAL if the driver has no such rate; ENOTTY
   *   (no serial line), ENOENT, EACCES, EBUSY (another program uses it exclusively) ...
   */
  static open(path: PathInput, options: SerialPortOptions): SerialPort {
    const bytes = toPathBytes(path, 'path');
    const { exclusive, ...changes } = readOptions(options);
    const port = new SerialPort(new OpenFd(openPath(bytes, O_RDWR | O_NOCTTY | O_NONBLOCK, 0)));
    try {
      Termios.raw(port);
      port.#configure(changes, options.baudRate);
      if (exclusive) setExclusive(port);
      flushQueues(port, 'input');
      return port;
    } catch (error) {
      port.close();
      throw error;
    }
  }

  #configure(changes: TermiosChanges, baudRate: number): void {
    const actual = Termios.set(this, changes).baudRate;
    if (Math.abs(actual - baudRate) > RATE_TOLERANCE * baudRate) {
      throw systemError('EINVAL', 'ioctl', `the driver has ${actual} instead of ${baudRate} bits per second`, this.fd);
    }
  }

  /** The settings that the driver has made of the options. @throws ERR_CLOSED; EIO (unplugged) */
  get settings(): TermiosSettings {
    return Termios.get(this);
  }

  /** The modem lines. @throws ERR_CLOSED; EIO (unplugged), ENOTTY (a line without any) */
  get modemLines(): ModemLines {
    return getModemLines(this);
  }

  /** Raises or lowers DTR and RTS. @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION; EIO, ENOTTY */
  setModemLines(lines: ModemLineChanges): void {
    setModemLines(this, lines);
  }

  /** Waits until all is sent: see {@link drainOutput}. */
  drain(): Promise<void> {
    return drainOutput(this);
  }

  /** Drops queued bytes: see {@link flushQueues}. */
  flush(queue: TerminalQueue = 'both'): void {
    flushQueues(this, queue);
  }

  /** Sends a break: see {@link sendBreak}. */
  sendBreak(durationMs?: number): Promise<void> {
    return sendBreak(this, durationMs);
  }

  /** Another fd for the same line: fcntl(2) with F_DUPFD_CLOEXEC. @throws ERR_CLOSED; EMFILE */
  dup(): SerialPort {
    return new SerialPort(new OpenFd(native.duplicate(this.fd)));
  }
}

function readOptions(options: SerialPortOptions): TermiosChanges & { exclusive: boolean } {
  checkOptions(options, 'options', OPTIONS);
  const { baudRate, dataBits = 8, parity = 'none', stopBits = 1, rtscts = false } = options;
  const { xonxoff = false, hangsUpOnClose = true, exclusive = true } = options;
  checkInteger(baudRate, 'options.baudRate', 1, MAX_UINT32);
  checkInteger(dataBits, 'options.dataBits', 5, 8);
  checkOneOf(parity, 'options.parity', PARITY_NAMES);
  checkInteger(stopBits, 'options.stopBits', 1, 2);
  for (const [name, value] of Object.entries({ rtscts, xonxoff, hangsUpOnClose, exclusive })) {
    checkBoolean(value, `options.${name}`);
  }
  const line = { baudRate, dataBits, parity, stopBits, rtscts, xon: xonxoff, xoff: xonxoff };
  return { ...line, hangsUpOnClose, ignoresModem: true, receives: true, exclusive };
}
