/** A word of an operator, as the message of an error shows it. */

/** The longest word that is shown in full, in characters. */
const MAX_SHOWN = 100;

/** Returns a word as it is, or in quotes if it could be misread: one that is empty, has spaces, or is very long. */
export function quoted(word: string): string {
  if (/^[^\s\p{C}]{1,100}$/u.test(word)) return word;
  // Half of a character is escaped in JSON.
  return JSON.stringify(word.length > MAX_SHOWN ? `${word.slice(0, MAX_SHOWN)}...` : word);
}
