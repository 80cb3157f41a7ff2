/** Decides whether two nicks or two room names are the same name. */

/** Folds a name, or a mask, to the form in which the two are compared. */
export type Fold = (text: string) => string;

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
