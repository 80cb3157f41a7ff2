/** The names of accounts. */

/** Folds a name to the form in which names are compared, if nicks are of ASCII. */
export function foldAscii(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
