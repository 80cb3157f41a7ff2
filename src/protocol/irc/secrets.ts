/** Hides the secrets in a client's bytes, so that what was received can be kept and shown. */
import { MECHANISMS } from '../../accounts/account-service.js';
import { maskedByte } from '../masked-byte.js';
import type { Mask } from '../protocol.js';
import { SentMask } from './sent-secrets.js';

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const AT_SIGN = 0x40;
const BYTE_ORDER_MARK = new Set([0xef, 0xbb, 0xbf]);

/** Commands with secrets in their parameters, also those that only other servers have: people type them here, too. */
const SECRET_COMMANDS = new Set([...['PASS', 'REGISTER', 'VERIFY', 'IDENTIFY', 'LOGIN', 'AUTH']]);
/** The words after AUTHENTICATE that are not secret: the mechanisms, nothing, and the end. */
const SASL_WORDS = [...MECHANISMS, '+', '*'];
/** Messages to it may have secrets in them. */
const ACCOUNT_SERVICE = 'NICKSERV';
const MESSAGE_COMMANDS = new Set(['PRIVMSG', 'NOTICE', 'SQUERY']);
/**
 * The words with which commands of NickServ begin, and how many of the words after each are no secret. Commands must do
 * the same when the rest is masked. Any other word in their place may be a password.
 */
const SERVICE_WORDS: ReadonlyMap<string, number> = new Map([
  ...['HELP', 'INFO', 'LOGOUT', 'CERT', 'CLIENTS'].map((word) => [word, Infinity] as const),
  ...['GHOST', 'RELEASE', 'REGAIN', 'RECOVER'].map((word) => [word, 1] as const),
  ...['ID', 'IDENTIFY', 'LOGIN', 'REGISTER', 'VERIFY', 'PASSWD', 'DROP', 'UNREGISTER'].map(
    (word) => [word, 0] as const,
  ),
  ...['SET PASSWORD'].map((words) => [words, 0] as const),
  ...['SET EMAIL', 'SET ALWAYS-ON', 'SET ENFORCE'].map((words) => [words, Infinity] as const),
]);
/** A third word that begins like this makes a line a request of HTTP, whatever its first word is. It is no secret. */
const HTTP_VERSION = /^HTTP\/\d/i;
const HTTP_VERSION_LENGTH = 'HTTP/1'.length;
/** Longer than any command. */
const MAX_COMMAND_LENGTH = 32;
const MAX_TARGET_LENGTH = 512;

/** The part of a line that its next byte belongs to. */
type Part =
  | 'start'
  | 'tags'
  | 'gap'
  | 'source'
  | 'command'
  | 'shown'
  | 'name'
  | 'first'
  | 'target'
  | 'service'
  | 'counted'
  | 'hidden';

/**
 * The mask of one client. It knows a command as soon as its last byte has arrived, so it never needs to wait for the
 * rest of a line. Lines, words and lengths stay as they are, and with them what the server makes of them.
 */
export class SecretMask implements Mask {
  readonly #operatorNames: () => readonly string[];
  readonly #sent = new SentMask();
  #part: Part = 'start';
  #command = '';
  /** The bytes given as the name of an operator, a mechanism, a target or a command, one character for each byte. */
  #name = '';
  #knownNames: readonly string[] = [];
  /** Words that are shown before the hidden ones. */
  #shownWords = 0;
  /** Bytes that are shown although they are in a hidden word. */
  #shownBytes = 0;
  #before = SPACE;

  /** @param operatorNames - these are no secret: any other word in their place may be a password */
  constructor(operatorNames: () => readonly string[]) {
    this.#operatorNames = operatorNames;
  }

  hide(bytes: Uint8Array): Uint8Array {
    return bytes.map((byte, index) => {
      if (byte !== SPACE && this.#before === SPACE && isHttpVersion(bytes, index))
        this.#shownBytes = HTTP_VERSION_LENGTH;
      return this.#next(byte);
    });
  }

  hideSent(bytes: Uint8Array): Uint8Array {
    return this.#sent.hide(bytes);
  }

  #next(byte: number): number {
    // NUL is removed before a line is read.
    if (byte === NUL) return byte;
    if (byte === LF || byte === CR) {
      this.#part = 'start';
      this.#command = '';
      this.#name = '';
      this.#shownBytes = 0;
      this.#before = SPACE;
      return byte;
    }
    const isHidden = this.#isHidden(byte) && this.#shownBytes === 0;
    const shown = isHidden ? maskedByte(byte, this.#before) : byte;
    this.#shownBytes = Math.max(0, this.#shownBytes - 1);
    this.#before = byte;
    return shown;
  }

  /** Takes the next byte of a line. @returns whether it must be hidden */
  #isHidden(byte: number): boolean {
    switch (this.#part) {
      case 'start':
        // The mark is removed with the first character of a line.
        if (!BYTE_ORDER_MARK.has(byte)) this.#begin(byte);
        return false;
      case 'tags':
      case 'source':
        if (byte === SPACE) this.#part = 'gap';
        return false;
      case 'gap':
        if (byte === COLON) this.#part = 'source';
        else if (byte !== SPACE) this.#beginCommand(byte);
        return false;
      case 'command':
        if (byte === SPACE) this.#part = this.#partAfterCommand();
        else if (this.#command.length < MAX_COMMAND_LENGTH) this.#command += String.fromCharCode(byte);
        return false;
      case 'shown':
        return false;
      case 'first':
        return this.#isInFirst(byte);
      case 'name':
        return !this.#isInName(byte);
      case 'target':
        this.#takeTarget(byte);
        return false;
      case 'service':
        return !this.#isInServiceWord(byte);
      case 'counted':
        if (byte === SPACE && this.#before !== SPACE) this.#shownWords -= 1;
        if (this.#shownWords === 0) this.#part = 'hidden';
        return false;
      case 'hidden':
        return byte !== SPACE && (byte !== COLON || this.#before !== SPACE);
    }
  }

  #begin(byte: number): void {
    if (byte === AT_SIGN) this.#part = 'tags';
    else if (byte === SPACE) this.#part = 'gap';
    else if (byte === COLON) this.#part = 'source';
    else this.#beginCommand(byte);
  }

  #beginCommand(byte: number): void {
    this.#part = 'command';
    this.#command = String.fromCharCode(byte);
  }

  #partAfterCommand(): Part {
    const command = this.#command.toUpperCase();
    if (command === 'OPER' || command === 'AUTHENTICATE') {
      this.#knownNames = command === 'OPER' ? this.#operatorNames() : SASL_WORDS;
      return 'name';
    }
    if (command === 'WEBIRC') return 'first';
    if (command === 'NS' || command === ACCOUNT_SERVICE) return 'service';
    if (MESSAGE_COMMANDS.has(command)) return 'target';
    // Letters beyond ASCII have capitals in ASCII.
    return SECRET_COMMANDS.has(command) || /[\x80-\xff]/.test(command) ? 'hidden' : 'shown';
  }

  /** Takes the next byte of the target of a message: what follows may be for a service. */
  #takeTarget(byte: number): void {
    if (byte === COLON && this.#name === '') return;
    if (byte !== SPACE) {
      if (this.#name.length < MAX_TARGET_LENGTH) this.#name += String.fromCharCode(byte);
      return;
    }
    if (this.#before === SPACE) return;
    this.#part = /(?:^|,)nickserv(?:@|,|$)/i.test(this.#name) ? 'service' : 'shown';
    this.#name = '';
  }

  /** Takes the next byte of a command of the service. @returns whether it is in a known word, or before it */
  #isInServiceWord(byte: number): boolean {
    if ((byte === COLON || byte === SPACE) && this.#before === SPACE) return true;
    const words = this.#name.toUpperCase();
    if (byte === SPACE) {
      const shown = SERVICE_WORDS.get(words);
      if (shown === undefined) this.#name += ' ';
      else this.#leaveServiceWord(shown);
      return true;
    }
    this.#name += String.fromCharCode(byte);
    const begun = this.#name.toUpperCase();
    const isKnown = [...SERVICE_WORDS.keys()].some((word) => word.startsWith(begun));
    if (!isKnown) this.#part = 'hidden';
    return isKnown;
  }

  #leaveServiceWord(shown: number): void {
    this.#part = shown === 0 ? 'hidden' : 'counted';
    this.#shownWords = shown;
  }

  /** Takes the next byte after WEBIRC, whose first word is a password. @returns whether it is in that word */
  #isInFirst(byte: number): boolean {
    if (byte === COLON && this.#before === SPACE) this.#part = 'hidden';
    else if (byte === SPACE && this.#before !== SPACE) this.#part = 'shown';
    return byte !== SPACE && this.#part === 'first';
  }

  /** Takes the next byte after OPER or AUTHENTICATE. @returns whether it is in a known name, or before it */
  #isInName(byte: number): boolean {
    if (this.#name === '' && (byte === SPACE || byte === COLON)) return true;
    if (byte === SPACE) {
      this.#part = 'hidden';
      return true;
    }
    this.#name += String.fromCharCode(byte);
    const known = this.#command.toUpperCase() === 'OPER' ? this.#name : this.#name.toUpperCase();
    const isName = this.#knownNames.some((name) => Buffer.from(name).toString('latin1').startsWith(known));
    if (!isName) this.#part = 'hidden';
    return isName;
  }
}

function isHttpVersion(bytes: Uint8Array, at: number): boolean {
  return HTTP_VERSION.test(Buffer.from(bytes.subarray(at, at + HTTP_VERSION_LENGTH)).toString('latin1'));
}
