/** The notes of somebody, or of a room: values by keys. */
import type { Annotation } from '../log/entry.js';

/** One value that has changed; null for a value that was removed. */
export type NoteChange = readonly [key: string, value: string | null];

export type { Annotation as Note } from '../log/entry.js';

export type Notes = ReadonlyMap<string, string>;

/** Nearly all members and rooms share this one. */
export const NO_NOTES: Notes = new Map();

/** Returns the notes after a change, and the change itself; null if there would be too many keys. */
export function withNote(
  notes: Notes,
  { key, value, maxKeys }: Annotation,
): { readonly notes: Notes; readonly changes: readonly NoteChange[] } | null {
  if (key === null) return { notes: NO_NOTES, changes: [...notes.keys()].map((each) => [each, null]) };
  if ((notes.get(key) ?? null) === value) return { notes, changes: [] };
  const next = new Map(notes);
  if (value === null) next.delete(key);
  else next.set(key, value);
  return value !== null && next.size > maxKeys ? null : { notes: next, changes: [[key, value]] };
}
