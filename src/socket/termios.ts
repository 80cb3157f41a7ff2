/** The settings of a terminal or a serial line, typed: termios(3), ioctl_tty(2). */
import {
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkOptions,
  type FdLike,
  MAX_UINT8,
  MAX_UINT32,
  type OptionNames,
  toFd,
} from '../arguments.js';
import { native } from '../binding/load.js';
import { TTY } from './kernel-constants.js';
import { structBytes } from './struct-bytes.js';

/** How a change of settings treats a terminal's queues. */
export type TermiosWhen =
  /** The settings change at once. */
  | 'now'
  /** They change when everything written has been sent. */
  | 'drain'
  /** As `'drain'`, and bytes that were received and not read are dropped. */
  | 'flush';

/** How long `read` waits for more, in the raw and cbreak modes: termios(3), "Canonical and noncanonical mode". */
export interface ReadThreshold {
  /** VMIN: how many bytes there have to be, from 0 to 255. */
  readonly minBytes: number;
  /** VTIME: how long to wait for the next byte, in tenths of a second, from 0 to 255; 0 is for ever. */
  readonly tenths: number;
}

/** The settings that {@link Termios.set} takes; missing ones stay as they are. */
export interface TermiosChanges {
  /** ICANON: input arrives line by line, with editing. */
  readonly canonical?: boolean | undefined;
  /** ECHO: typed characters are shown. */
  readonly echo?: boolean | undefined;
  /** ISIG: Ctrl-C, Ctrl-\ and Ctrl-Z send signals. */
  readonly signals?: boolean | undefined;
  /** OPOST: output is processed; a newline becomes CR LF, with ONLCR. */
  readonly outputProcessing?: boolean | undefined;
  /** ICRNL: a carriage return is read as a newline. */
  readonly crToNewline?: boolean | undefined;
  /** Bits per second, any number that the driver takes, from 0 (hang up) to 2^32-1; both directions. */
  readonly baudRate?: number | undefined;
  /** The rate of the input, if it differs. */
  readonly inputBaudRate?: number | undefined;
  readonly dataBits?: 5 | 6 | 7 | 8 | undefined;
  readonly stopBits?: 1 | 2 | undefined;
  readonly parity?: 'none' | 'even' | 'odd' | 'mark' | 'space' | undefined;
  /** CRTSCTS: flow control by the lines RTS and CTS. */
  readonly rtscts?: boolean | undefined;
  /** IXON: Ctrl-S stops the output, Ctrl-Q starts it. */
  readonly xon?: boolean | undefined;
  /** IXOFF: the same is sent to the other side when the input queue is full. */
  readonly xoff?: boolean | undefined;
  /** CLOCAL: modem lines are ignored, so a lost carrier is no hangup. */
  readonly ignoresModem?: boolean | undefined;
  /** CREAD: bytes are received. */
  readonly receives?: boolean | undefined;
  /** HUPCL: the last close lowers DTR. */
  readonly hangsUpOnClose?: boolean | undefined;
  readonly threshold?: ReadThreshold | undefined;
}

/** The result of {@link Termios.get}. */
export type TermiosSettings = { readonly [Name in keyof TermiosChanges]-?: NonNullable<TermiosChanges[Name]> };

const {
  BOTHER,
  BRKINT,
  CBAUD,
  CLOCAL,
  CMSPAR,
  CREAD,
  CRTSCTS,
  CS8,
  CSIZE,
  CSTOPB,
  ECHO,
  ECHONL,
  HUPCL,
  ICANON,
  ICRNL,
  IEXTEN,
  IGNBRK,
  IGNCR,
  INLCR,
  INPCK,
  ISIG,
  ISTRIP,
  IXOFF,
  IXON,
  OPOST,
  PARENB,
  PARMRK,
  PARODD,
  TCGETS2,
  TCSETS2,
  VMIN,
  VTIME,
} = TTY;

/** The kernel's struct termios2, which is the same on every architecture that fdmux is built for. */
const STRUCT_BYTES = 44;
const WHENS: readonly TermiosWhen[] = ['now', 'drain', 'flush'];

/** The offsets of the fields in the struct, in bytes. */
const INPUT_FLAGS = 0;
const OUTPUT_FLAGS = 4;
const CONTROL_FLAGS = 8;
const LOCAL_FLAGS = 12;
const CHARACTERS = 17;
const INPUT_SPEED = 36;
const OUTPUT_SPEED = 40;

/** The input's rate lies beside the output's: its bits are the same, moved up. */
const INPUT_BAUD_SHIFT = 16;

/** The settings that are one bit each. */
const FLAGS = {
  canonical: [LOCAL_FLAGS, ICANON],
  echo: [LOCAL_FLAGS, ECHO],
  signals: [LOCAL_FLAGS, ISIG],
  outputProcessing: [OUTPUT_FLAGS, OPOST],
  crToNewline: [INPUT_FLAGS, ICRNL],
  rtscts: [CONTROL_FLAGS, CRTSCTS],
  xon: [INPUT_FLAGS, IXON],
  xoff: [INPUT_FLAGS, IXOFF],
  ignoresModem: [CONTROL_FLAGS, CLOCAL],
  receives: [CONTROL_FLAGS, CREAD],
  hangsUpOnClose: [CONTROL_FLAGS, HUPCL],
} as const;
type FlagName = keyof typeof FLAGS;

const PARITIES = {
  none: 0,
  even: PARENB,
  odd: PARENB | PARODD,
  mark: PARENB | PARODD | CMSPAR,
  space: PARENB | CMSPAR,
} as const;
type Parity = keyof typeof PARITIES;
export const PARITY_NAMES: readonly string[] = Object.keys(PARITIES);
const PARITY_MASK = PARENB | PARODD | CMSPAR;

const CHANGES: OptionNames<TermiosChanges> = {
  canonical: true,
  echo: true,
  signals: true,
  outputProcessing: true,
  crToNewline: true,
  baudRate: true,
  inputBaudRate: true,
  dataBits: true,
  stopBits: true,
  parity: true,
  rtscts: true,
  xon: true,
  xoff: true,
  ignoresModem: true,
  receives: true,
  hangsUpOnClose: true,
  threshold: true,
};
const THRESHOLD: OptionNames<ReadThreshold> = { minBytes: true, tenths: true };

/** Least data bits; the four sizes follow each other, starting at CS5. */
const MIN_DATA_BITS = 5;
const SIZE_STEP = 0x10;

/** The settings of one terminal at one moment: the kernel's struct. */
export class Termios {
  readonly #view: DataView;

  private constructor(struct: Uint8Array) {
    const { buffer, byteOffset, byteLength } = structBytes(struct, 'struct', STRUCT_BYTES);
    this.#view = new DataView(buffer, byteOffset, byteLength);
  }

  /**
   * Reads the settings: TCGETS2.
   *
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOTTY (no terminal), EBADF, EIO (it has hung up)
   */
  static get(fd: FdLike): TermiosSettings {
    return Termios.#read(toFd(fd)).#settings();
  }

  /**
   * Changes settings, and leaves the others: TCSETS2. The kernel applies those that the driver supports and ignores the
   * rest silently; read them back to see the result.
   *
   * @param when Default: 'now'. `'drain'` and `'flush'` block until the queue is sent
   * @returns the settings as they are now
   * @throws as {@link get}; ERR_UNKNOWN_OPTION
   */
  static set(fd: FdLike, changes: TermiosChanges, when: TermiosWhen = 'now'): TermiosSettings {
    const number = toFd(fd);
    checkChanges(changes);
    return Termios.#update(number, when, (termios) => termios.#apply(changes));
  }

  /**
   * Makes a terminal pass each byte as it is, at once, in both directions: cfmakeraw(3).
   *
   * @returns the settings as they are now
   * @throws as {@link set}
   */
  static raw(fd: FdLike, when: TermiosWhen = 'now'): TermiosSettings {
    return Termios.#update(toFd(fd), when, (termios) => {
      const inputOff = IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON;
      termios.#setBits(INPUT_FLAGS, inputOff, 0);
      termios.#setBits(OUTPUT_FLAGS, OPOST, 0);
      termios.#setBits(LOCAL_FLAGS, ECHO | ECHONL | ICANON | ISIG | IEXTEN, 0);
      termios.#setBits(CONTROL_FLAGS, CSIZE | PARENB, CS8);
      termios.#apply({ threshold: { minBytes: 1, tenths: 0 } });
    });
  }

  /**
   * Makes a terminal pass each byte of input at once and without echo, while signals and output stay as they are.
   *
   * @returns the settings as they are now
   * @throws as {@link set}
   */
  static cbreak(fd: FdLike, when: TermiosWhen = 'now'): TermiosSettings {
    return Termios.set(fd, { canonical: false, echo: false, threshold: { minBytes: 1, tenths: 0 } }, when);
  }

  /**
   * Reads the settings in the kernel's form, for {@link restore}.
   *
   * @throws as {@link get}
   */
  static save(fd: FdLike): Termios {
    return Termios.#read(toFd(fd));
  }

  /**
   * Restores everything that {@link save} has read.
   *
   * @throws as {@link set}
   */
  restore(fd: FdLike, when: TermiosWhen = 'now'): void {
    this.#write(toFd(fd), when);
  }

  static #read(fd: number): Termios {
    const bytes = new Uint8Array(STRUCT_BYTES);
    native.ioctl(fd, TCGETS2, bytes);
    return new Termios(bytes);
  }

  static #update(fd: number, when: TermiosWhen, change: (termios: Termios) => void): TermiosSettings {
    const termios = Termios.#read(fd);
    change(termios);
    termios.#write(fd, when);
    return Termios.#read(fd).#settings();
  }

  #write(fd: number, when: TermiosWhen): void {
    checkOneOf(when, 'when', WHENS);
    const { buffer, byteOffset, byteLength } = this.#view;
    // TCSETSW2 and TCSETSF2 follow TCSETS2.
    native.ioctl(fd, TCSETS2 + WHENS.indexOf(when), new Uint8Array(buffer, byteOffset, byteLength));
  }

  #apply(changes: TermiosChanges): void {
    let name: FlagName;
    for (name in FLAGS) {
      const value = changes[name];
      const [flags, bit] = FLAGS[name];
      if (value !== undefined) this.#setBits(flags, bit, value ? bit : 0);
    }
    const { baudRate, inputBaudRate = baudRate, dataBits, stopBits, parity, threshold } = changes;
    if (baudRate !== undefined) this.#setSpeed(OUTPUT_SPEED, 0, baudRate);
    if (inputBaudRate !== undefined) this.#setSpeed(INPUT_SPEED, INPUT_BAUD_SHIFT, inputBaudRate);
    if (dataBits !== undefined) this.#setBits(CONTROL_FLAGS, CSIZE, (dataBits - MIN_DATA_BITS) * SIZE_STEP);
    if (stopBits !== undefined) this.#setBits(CONTROL_FLAGS, CSTOPB, stopBits === 2 ? CSTOPB : 0);
    if (parity !== undefined) {
      this.#setBits(CONTROL_FLAGS, PARITY_MASK, PARITIES[parity]);
      this.#setBits(INPUT_FLAGS, INPCK, parity === 'none' ? 0 : INPCK);
    }
    if (threshold !== undefined) {
      this.#view.setUint8(CHARACTERS + VMIN, threshold.minBytes);
      this.#view.setUint8(CHARACTERS + VTIME, threshold.tenths);
    }
  }

  /** A rate of its own, instead of one of the numbered ones: BOTHER. */
  #setSpeed(place: number, shift: number, rate: number): void {
    this.#setBits(CONTROL_FLAGS, CBAUD << shift, rate === 0 ? 0 : BOTHER << shift);
    this.#view.setUint32(place, rate, true);
  }

  #setBits(place: number, mask: number, bits: number): void {
    this.#view.setUint32(place, (this.#view.getUint32(place, true) & ~mask) | bits, true);
  }

  #bits(place: number, mask: number): number {
    return (this.#view.getUint32(place, true) & mask) >>> 0;
  }

  #has(name: FlagName): boolean {
    const [place, bit] = FLAGS[name];
    return this.#bits(place, bit) !== 0;
  }

  #settings(): TermiosSettings {
    return {
      canonical: this.#has('canonical'),
      echo: this.#has('echo'),
      signals: this.#has('signals'),
      outputProcessing: this.#has('outputProcessing'),
      crToNewline: this.#has('crToNewline'),
      baudRate: this.#view.getUint32(OUTPUT_SPEED, true),
      inputBaudRate: this.#view.getUint32(INPUT_SPEED, true),
      dataBits: toDataBits(this.#bits(CONTROL_FLAGS, CSIZE) / SIZE_STEP),
      stopBits: this.#bits(CONTROL_FLAGS, CSTOPB) === 0 ? 1 : 2,
      parity: this.#parity(),
      rtscts: this.#has('rtscts'),
      xon: this.#has('xon'),
      xoff: this.#has('xoff'),
      ignoresModem: this.#has('ignoresModem'),
      receives: this.#has('receives'),
      hangsUpOnClose: this.#has('hangsUpOnClose'),
      threshold: {
        minBytes: this.#view.getUint8(CHARACTERS + VMIN),
        tenths: this.#view.getUint8(CHARACTERS + VTIME),
      },
    };
  }

  #parity(): Parity {
    const bits = this.#bits(CONTROL_FLAGS, PARITY_MASK);
    if ((bits & PARENB) === 0) return 'none';
    let name: Parity;
    for (name in PARITIES) if (PARITIES[name] === bits) return name;
    return 'none';
  }
}

function toDataBits(step: number): 5 | 6 | 7 | 8 {
  const sizes = [5, 6, 7, 8] as const;
  return sizes[step] ?? 8;
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION */
function checkChanges(changes: TermiosChanges): void {
  checkOptions(changes, 'changes', CHANGES);
  let name: FlagName;
  for (name in FLAGS) {
    const value: unknown = changes[name];
    if (value !== undefined) checkBoolean(value, `changes.${name}`);
  }
  const { baudRate, inputBaudRate, dataBits, stopBits, parity, threshold } = changes;
  if (baudRate !== undefined) checkInteger(baudRate, 'changes.baudRate', 0, MAX_UINT32);
  if (inputBaudRate !== undefined) checkInteger(inputBaudRate, 'changes.inputBaudRate', 0, MAX_UINT32);
  if (dataBits !== undefined) checkInteger(dataBits, 'changes.dataBits', MIN_DATA_BITS, 8);
  if (stopBits !== undefined) checkInteger(stopBits, 'changes.stopBits', 1, 2);
  if (parity !== undefined) checkOneOf(parity, 'changes.parity', PARITY_NAMES);
  if (threshold === undefined) return;
  checkOptions(threshold, 'changes.threshold', THRESHOLD);
  checkInteger(threshold.minBytes, 'changes.threshold.minBytes', 0, MAX_UINT8);
  checkInteger(threshold.tenths, 'changes.threshold.tenths', 0, MAX_UINT8);
}
