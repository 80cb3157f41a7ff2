/**
 * Nicks beyond ASCII: the profile UsernameCaseMapped of PRECIS (RFC 8265 section 3.3), without the characters that IRC
 * needs for itself.
 */

/** Fullwidth and halfwidth forms, which stand for the same characters in their usual width. */
const OTHER_WIDTH = /[\uff01-\uffef]/g;
// The letters and digits of the IdentifierClass (RFC 8264 section 9.1), and its exception U+3007, the Chinese zero.
const LETTER_OR_DIGIT = /^[\p{Ll}\p{Lu}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}\u3007]$/u;
// Exceptions (RFC 5892 section 2.6), old Hangul (section 2.9), and characters that are invisible.
const DISALLOWED =
  /[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]|\p{Default_Ignorable_Code_Point}/u;
/** The characters of ASCII that nicks may have (RFC 2812 section 2.3.1). */
const SIGN = /^[A-Za-z0-9[\]\\`_^{|}-]$/;
const FIRST_ASCII = /^[A-Za-z[\]\\`_^{|}]/;
const RIGHT_TO_LEFT = /[\p{sc=Hebr}\p{sc=Arab}\p{sc=Syrc}\p{sc=Thaa}\p{sc=Nkoo}\p{sc=Samr}\p{sc=Mand}\p{sc=Adlm}]/u;
const ARABIC_DIGITS = /[\u0660-\u0669]/;
const EXTENDED_ARABIC_DIGITS = /[\u06f0-\u06f9]/;

/** Spells a nick as others see it: in the usual width, and composed (NFC). */
export function spellPrecis(name: string): string {
  return isAscii(name) ? name : name.replace(OTHER_WIDTH, (form) => form.normalize('NFKC')).normalize('NFC');
}

/** Folds a name, or a mask, to the form in which it is compared. */
export function foldPrecis(name: string): string {
  if (isAscii(name)) return name.toLowerCase();
  // A final sigma is the same letter as any other one.
  return spellPrecis(name).toLowerCase().replaceAll('ς', 'σ').normalize('NFC');
}

/** Whether a nick, as {@link spellPrecis} spells it, is well formed. */
export function isPrecisNick(name: string): boolean {
  const characters = Array.from(name);
  const [first = ''] = characters;
  if (isAscii(first) ? !FIRST_ASCII.test(first) : /^[\p{M}\p{Nd}]$/u.test(first)) return false;
  return characters.every(isNickCharacter) && isOfOneDirection(name);
}

function isNickCharacter(character: string): boolean {
  if (isAscii(character)) return SIGN.test(character);
  // A character that only stands for others would be a second spelling of theirs.
  const isItself = character.normalize('NFKC') === character;
  return isItself && LETTER_OR_DIGIT.test(character) && !DISALLOWED.test(character);
}

/**
 * Whether a name reads in one direction, so that a line with it is not shown in another order than it is written: the
 * Bidi Rule (RFC 5893 section 2), without letters of both directions.
 */
function isOfOneDirection(name: string): boolean {
  if (!RIGHT_TO_LEFT.test(name)) return true;
  if (ARABIC_DIGITS.test(name) && EXTENDED_ARABIC_DIGITS.test(name)) return false;
  const letters = name.match(/\p{L}/gu) ?? [];
  const isEndFit = /[\p{L}\p{Nd}]\p{Mn}*$/u.test(name);
  return isEndFit && /^\p{L}/u.test(name) && letters.every((letter) => RIGHT_TO_LEFT.test(letter));
}

function isAscii(text: string): boolean {
  return !/[^\u0000-\u007f]/.test(text);
}
