/** What somebody, or a room, says about itself: values by keys. */

/** One value that has changed; null for one that is there no more. */
export type NoteChange = readonly [key: string, value: string | null];

/** What is to be changed. */
export interface Note {
  /** Null for every key. */
  readonly key: string | null;
  /** Null removes what is there. */
  readonly value: string | null;
  /** The most keys that there may be. */
  readonly maxKeys: number;
}

export type Notes = ReadonlyMap<string, string>;

/** Nearly all members and rooms share it. */
export const NO_NOTES: Notes = new Map();

/** Returns what there is after a change, and what has changed; null if there would be too many keys. */
export function withNote(
  notes: Notes,
  { key, value, maxKeys }: Note,
): { readonly notes: Notes; readonly changes: readonly NoteChange[] } | null {
  if (key === null) return { notes: NO_NOTES, changes: [...notes.keys()].map((each) => [each, null]) };
  if ((notes.get(key) ?? null) === value) return { notes, changes: [] };
  const next = new Map(notes);
  if (value === null) next.delete(key);
  else next.set(key, value);
  return value !== null && next.size > maxKeys ? null : { notes: next, changes: [[key, value]] };
}
