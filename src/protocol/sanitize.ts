/** Keeps text from strangers from acting on somebody else's terminal or stream. */

// C0 but the tab, DEL, C1 (a terminal takes U+009B for the start of a control sequence), the line and paragraph
// separators, and the characters that reorder the text around them.

const UNSAFE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The replacement for an unsafe character. */
const REPLACEMENT = '\ufffd';

/**
 * Replaces every character that could end a line, move a cursor or reorder text.
 *
 * @param text - any text
 * @returns text that is one line and shows as it reads; a tab is left as it is
 */
export function sanitize(text: string): string {
  return isPlainAscii(text) ? text : text.replace(UNSAFE, REPLACEMENT);
}

// For a text without a match, the simplest class of characters is found out about soonest.
const UNPLAIN = /[^ -~]/;

/**
 * Whether a text has printable characters of ASCII alone: then there is nothing to sanitize, and no end of a line in
 * it. Nearly all text is like this.
 */
export function isPlainAscii(text: string): boolean {
  return !UNPLAIN.test(text);
}
