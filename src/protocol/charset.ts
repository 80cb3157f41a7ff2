/** Bytes to text and back, in the charsets that a listener may speak. */
import { isAscii } from 'node:buffer';

/** A charset whose bytes mean one thing. */
export type Charset = 'utf-8' | 'gbk';
export const CHARSETS: readonly Charset[] = ['utf-8', 'gbk'];
/** The charset of a listener: `auto` detects it per peer, from the peer's first unambiguous line. */
export type CharsetChoice = Charset | 'auto';

/** Every {@link CharsetChoice}, for checking what a user asked for. */
export const CHARSET_CHOICES: readonly CharsetChoice[] = [...CHARSETS, 'auto'];

// GBK is decoded as its superset GB 18030: same result, and four-byte characters are understood too.
const decoders: Readonly<Record<Charset, InstanceType<typeof TextDecoder>>> = {
  'utf-8': new TextDecoder('utf-8'),
  gbk: new TextDecoder('gb18030'),
};
const strictDecoders: Readonly<Record<Charset, InstanceType<typeof TextDecoder>>> = {
  'utf-8': new TextDecoder('utf-8', { fatal: true }),
  gbk: new TextDecoder('gb18030', { fatal: true }),
};

/** Turns bytes into text; invalid bytes become U+FFFD. */
export function decodeText(bytes: Uint8Array, charset: Charset): string {
  return decoders[charset].decode(bytes);
}

/** Turns text into bytes; characters that the charset lacks become `?`. */
export function encodeText(text: string, charset: Charset): Uint8Array {
  return charset === 'utf-8' ? Buffer.from(text, 'utf8') : encodeGbk(text);
}

/** Detects the charset of a peer, once. */
export class CharsetDetector {
  static readonly #decided: Readonly<Record<Charset, CharsetDetector>> = {
    'utf-8': new CharsetDetector('utf-8'),
    gbk: new CharsetDetector('gbk'),
  };
  #charset: Charset | null;

  private constructor(charset: Charset | null) {
    this.#charset = charset;
  }

  /** Returns a detector for one peer. If there is nothing to detect, all peers share one. */
  static of(choice: CharsetChoice): CharsetDetector {
    return choice === 'auto' ? new CharsetDetector(null) : CharsetDetector.#decided[choice];
  }

  /** As {@link of}, for a peer whose charset may be known; null if it is not. */
  static resume(choice: CharsetChoice, known: Charset | null): CharsetDetector {
    return CharsetDetector.of(choice === 'auto' ? (known ?? choice) : choice);
  }

  /** The charset, if it is known. */
  get known(): Charset | null {
    return this.#charset;
  }

  /** The charset that was detected; UTF-8 until then. */
  get charset(): Charset {
    return this.#charset ?? 'utf-8';
  }

  /**
   * Decodes one line. The first line that is valid in exactly one charset decides for good. A line that is valid in
   * both is read as UTF-8 and decides nothing: one common Chinese character in five reads both ways.
   */
  decode(line: Uint8Array): string {
    if (this.#charset === null && !isAscii(line)) {
      const isUtf8 = decodeStrictly(line, 'utf-8') !== null;
      const isGbk = decodeStrictly(line, 'gbk') !== null;
      if (isUtf8 !== isGbk) this.#charset = isUtf8 ? 'utf-8' : 'gbk';
    }
    return decodeText(line, this.charset);
  }

  /**
   * Decodes and checks one line in one go.
   *
   * @returns null if the line is not valid UTF-8, or if it is not known that the peer speaks UTF-8
   */
  decodeUtf8(line: Uint8Array): string | null {
    return this.#charset === 'utf-8' ? decodeStrictly(line, 'utf-8') : null;
  }
}

/** Returns null if the bytes are not valid. */
function decodeStrictly(bytes: Uint8Array, charset: Charset): string | null {
  try {
    return strictDecoders[charset].decode(bytes);
  } catch {
    return null;
  }
}

const QUESTION_MARK = 0x3f;
let gbkCodes: Uint16Array | null = null;

/** The two bytes of every character of the basic plane that GBK has, by code unit; 0 if it has none. */
function gbkTable(): Uint16Array {
  if (gbkCodes !== null) return gbkCodes;
  const codes = new Uint16Array(0x1_0000);
  const pair = new Uint8Array(2);
  for (let lead = 0x81; lead <= 0xfe; lead += 1) {
    for (let trail = 0x40; trail <= 0xfe; trail += 1) {
      if (trail === 0x7f) continue;
      pair[0] = lead;
      pair[1] = trail;
      const text = decoders.gbk.decode(pair);
      const unit = text.charCodeAt(0);
      const isPrivate = unit >= 0xe000 && unit <= 0xf8ff;
      if (text.length === 1 && unit !== 0xfffd && !isPrivate && codes[unit] === 0) codes[unit] = (lead << 8) | trail;
    }
  }
  gbkCodes = codes;
  return codes;
}

function encodeGbk(text: string): Uint8Array {
  const table = gbkTable();
  const bytes = new Uint8Array(2 * text.length);
  let length = 0;
  for (const character of text) {
    const unit = character.charCodeAt(0);
    const code = character.length > 1 ? 0 : (table[unit] ?? 0);
    if (unit < 0x80) {
      bytes[length] = unit;
      length += 1;
    } else if (code === 0) {
      bytes[length] = QUESTION_MARK;
      length += 1;
    } else {
      bytes[length] = code >> 8;
      bytes[length + 1] = code & 0xff;
      length += 2;
    }
  }
  return bytes.subarray(0, length);
}
