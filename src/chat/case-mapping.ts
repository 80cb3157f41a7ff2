/** When two nicks or two room names are the same name. */

/** How names are folded before they are compared: `ascii` folds A-Z only, `rfc1459` also folds `[]\~` to `{}|^`. */
export type CaseMapping = 'ascii' | 'rfc1459';

/** Folds a name, or a mask, to the form in which the two are compared. */
export type Fold = (text: string) => string;

const RFC1459_PAIRS: Readonly<Record<string, string>> = { '[': '{', ']': '}', '\\': '|', '~': '^' };

/**
 * Folds a name to the form under which it is stored and compared.
 *
 * @param name - any string; only ASCII is folded, so that no two names collide that only look alike
 * @param mapping - which pairs of characters count as one
 * @returns the folded name
 */
export function foldCase(name: string, mapping: CaseMapping): string {
  const lower = name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  if (mapping === 'ascii') return lower;
  return lower.replace(/[[\]\\~]/g, (character) => RFC1459_PAIRS[character] ?? character);
}
