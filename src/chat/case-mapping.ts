/** Decides whether two nicks or two room names are the same name, or could be taken for each other. */

/** Folds a name, or a mask, to the form in which it is compared. */
export type Fold = (text: string) => string;

/** How the names of one chat are compared. */
export interface Naming {
  readonly fold: Fold;
  /** Returns the look of a nick: only one of several nicks that look alike is in use. Null if looks do not count. */
  readonly likenessOf: Fold | null;
}

/**
 * Folds a name to the form under which it is stored and compared.
 *
 * @param name - any string; only ASCII is folded, so that names that merely look alike do not collide
 * @returns the folded name
 */
export function foldCase(name: string): string {
  // Nearly all names are already folded, and each message looks one up.
  return /[A-Z]/.test(name) ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name;
}

/** Names are the same if they differ only in the case of ASCII letters. */
export const ASCII_NAMING: Naming = { fold: foldCase, likenessOf: null };
