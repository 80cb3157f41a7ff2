/** The bytes that stand for secret ones in what is kept and shown. */

const ZERO = 0x30;
const NINE = 0x39;
const AT_SIGN = 0x40;
const TILDE = 0x7e;
const LETTER_X = 0x78;
const EXCLAMATION_MARK = 0x21;

/** The byte in place of one. It has the same part in a character of UTF-8 and of GBK, so the charset stays. */
export function maskedByte(byte: number, before: number): number {
  if (byte >= 0x80) return maskOfHigh(byte);
  if (before < 0x80 || (byte >= AT_SIGN && byte <= TILDE)) return LETTER_X;
  return byte >= ZERO && byte <= NINE ? ZERO : EXCLAMATION_MARK;
}

/** The ranges of bytes that stand for one another; those in none stay as they are. */
const HIGH_RANGES: readonly (readonly [first: number, last: number, mask: number])[] = [
  [0x81, 0x8f, 0x81],
  [0x90, 0x9f, 0x95],
  [0xa0, 0xbf, 0xa5],
  [0xc2, 0xdf, 0xc5],
  [0xe1, 0xec, 0xe5],
  [0xee, 0xef, 0xe5],
  [0xf1, 0xf3, 0xf1],
  [0xf5, 0xfe, 0xf5],
];

function maskOfHigh(byte: number): number {
  return HIGH_RANGES.find(([first, last]) => byte >= first && byte <= last)?.[2] ?? byte;
}
