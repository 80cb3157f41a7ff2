/** Passwords and names in one form, however a keyboard has composed them (RFC 4013, SASLprep). */

/** Table B.1 of RFC 3454: characters that stand for nothing. */
const NOTHING = /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/g;
/** Table C.1.2: spaces other than that of ASCII. */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

/**
 * Puts a password into the form in which it is hashed. SASLprep also forbids some characters. They are kept as they are
 * here, since somebody who has set such a password must be able to use it.
 */
export function prepareText(text: string): string {
  // Nearly all passwords are ASCII, which SASLprep leaves alone.
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC');
}
