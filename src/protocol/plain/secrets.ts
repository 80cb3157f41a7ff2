/** Hides the passwords in a plain peer's bytes, so that what was received can be kept and shown. */
import { maskedByte } from '../masked-byte.js';
import type { Mask } from '../protocol.js';

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const SLASH = 0x2f;
/** Commands with secrets behind them. */
const COMMANDS: readonly string[] = ['/identify', '/register', '/verify'];

/** The mask of one peer. It knows a command as soon as its last byte has arrived. Words keep their lengths. */
export class PlainMask implements Mask {
  /** The beginning of a line, as far as it may be one of the commands; null when it is none. */
  #command: string | null = '';
  #isHidden = false;
  #before = SPACE;

  hide(bytes: Uint8Array): Uint8Array {
    // A peer that ends no line may be silent for a while instead: what arrives after that is a new line.
    const isCommand = bytes.find((byte) => byte > SPACE) === SLASH;
    if (!this.#isHidden && (this.#command === null || isCommand)) this.#command = '';
    return bytes.map((byte) => this.#next(byte));
  }

  hideSent(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  #next(byte: number): number {
    if (byte === LF || byte === CR) {
      this.#command = '';
      this.#isHidden = false;
      this.#before = SPACE;
      return byte;
    }
    if (this.#command !== null) this.#takeCommand(this.#command, byte);
    const isShown = !this.#isHidden || byte === SPACE || byte === TAB;
    const shown = isShown ? byte : maskedByte(byte, this.#before);
    this.#before = byte;
    return shown;
  }

  #takeCommand(command: string, byte: number): void {
    // Blanks of all kinds may stand before it.
    if (command === '' && byte !== SLASH) {
      if (byte > SPACE && byte < 0x80) this.#command = null;
      return;
    }
    const longer = command + String.fromCharCode(byte).toLowerCase();
    if (COMMANDS.some((one) => one.startsWith(longer))) {
      this.#command = longer;
      return;
    }
    this.#command = null;
    // Only another letter makes it another word.
    this.#isHidden = COMMANDS.includes(command) && !/[a-z]$/.test(longer);
  }
}
