/** Reads the counts of lines or of people that clients ask for. */

/** Returns a whole number above 0; null for anything else. */
export function countOf(text: string): number | null {
  return /^\d+$/.test(text) && Number(text) > 0 ? Number(text) : null;
}
