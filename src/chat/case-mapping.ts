/** Decides whether two nicks or two room names are the same name, or could be taken for each other. */

/** Folds a name, or a mask, to the form in which the two are compared. */
export type Fold = (text: string) => string;

/** How the names of one chat are compared. */
export interface Naming {
  readonly fold: Fold;
  /** Returns what a nick looks like: only one of those that look alike is in use. Null if they need only differ. */
  readonly likenessOf: Fold | null;
}

/**
 * Folds a name to the form under which it is stored and compared.
 *
 * @param name - any string; only ASCII is folded, so that no two names collide that only look alike
 * @returns the folded name
 */
export function foldCase(name: string): string {
  // Nearly all names are folded already, and each message looks one up.
  return /[A-Z]/.test(name) ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name;
}

/** Names differ unless they are the same but for the case of letters of ASCII. */
export const ASCII_NAMING: Naming = { fold: foldCase, likenessOf: null };
