/** Members that stay when the server stops: written as text, and read back with every value checked. */
import { nameShape, traitShape, whoShape, wordsShape } from '../log/codec.js';
import { list, nullable, pair, record, whole } from '../log/shape.js';
import type { MemberDescription } from './member.js';

/** The version of the format. */
const VERSION = 1;

const MANY = 100_000;
const number = whole(0);

const isKept = record({
  version: (value): value is typeof VERSION => value === VERSION,
  member: record<MemberDescription>({
    who: whoShape,
    label: nullable(nameShape),
    sinceMs: number,
    lastSpokeMs: number,
    away: nullable(wordsShape),
    traits: list(traitShape, 64),
    metadata: list(pair(nameShape, wordsShape), MANY),
    rooms: list(record({ name: nameShape, ranks: number }), MANY),
  }),
});

/** Writes a member as text. */
export function encodeMember(member: MemberDescription): string {
  return JSON.stringify({ version: VERSION, member });
}

/** Reads the text that {@link encodeMember} has written. @returns null if it is anything else, or of a later version */
export function decodeMember(data: string): MemberDescription | null {
  try {
    const value: unknown = JSON.parse(data);
    return isKept(value) ? value.member : null;
  } catch {
    return null;
  }
}
