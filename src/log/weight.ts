/** The approximate memory of a pack. */
import type { Pack } from './entry.js';

/** The bytes of an object with its fields, or of the header of a text. */
const RECORD_BYTES = 96;
const TEXT_BYTES = 24;
const VALUE_BYTES = 8;

/** Returns an estimate in bytes: a text counts two for each of its code units, although V8 may need only one. */
export function weightOf(value: Pack): number {
  return weigh(value);
}

function weigh(value: unknown): number {
  if (typeof value === 'string') return TEXT_BYTES + 2 * value.length;
  if (typeof value !== 'object' || value === null) return VALUE_BYTES;
  let bytes = RECORD_BYTES;
  for (const field of Object.values(value)) bytes += weigh(field);
  return bytes;
}
