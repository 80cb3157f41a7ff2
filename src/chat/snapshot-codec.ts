/** Snapshots as text, and back again with every value checked. */
import { flagShape, nameShape, whoShape, wordsShape } from '../log/codec.js';
import { flag, list, nullable, pair, record, type Shape, text, whole } from '../log/shape.js';
import type { Author } from './author.js';
import type { InvitationSnapshot, MaskSnapshot, NumbersSnapshot, RoomSnapshot, SeatSnapshot } from './snapshot.js';

/** The version of the format. A change of the format takes the next number, and reads what was written before. */
const VERSION = 1;

/** Generous: what was written was within the limits of the room. */
const MANY = 1_000_000;
const number = whole(0);
const author = record<Author>({ nick: nameShape, user: nameShape, host: nameShape });
const masks = list(record<MaskSnapshot>({ mask: nameShape, by: author, atMs: number }), MANY);
const lastNumber = (value: unknown): value is readonly [session: string, n: number, seq: number] =>
  Array.isArray(value) && value.length === 3 && nameShape(value[0]) && number(value[1]) && number(value[2]);
const numbers = record<NumbersSnapshot>({ last: list(lastNumber, MANY), forgottenSeq: number });

const isRoom: Shape<{ readonly version: typeof VERSION; readonly room: RoomSnapshot }> = record({
  version: (value): value is typeof VERSION => value === VERSION,
  room: record<RoomSnapshot>({
    name: nameShape,
    createdAtMs: number,
    registration: nullable(
      record({ founder: nameShape, atMs: number, access: list(record({ account: nameShape, ranks: number }), MANY) }),
    ),
    topic: nullable(record({ text: wordsShape, by: author, atMs: number })),
    key: nullable(nameShape),
    limit: nullable(number),
    flags: list(flagShape, 64),
    masks: record({ ban: masks, exception: masks, invitation: masks, mute: masks, 'mute-exception': masks }),
    metadata: list(pair(nameShape, wordsShape), MANY),
    seats: list(record<SeatSnapshot>({ session: nameShape, who: whoShape, ranks: number, last: number }), MANY),
    invitations: list(
      record<InvitationSnapshot>({ guest: nameShape, who: whoShape, by: nullable(nameShape), opens: flag }),
      MANY,
    ),
    numbers,
    messages: list(pair(number, nameShape), MANY),
    knocks: list(record({ session: nameShape, atMs: number }), MANY),
    retitledAtMs: list(number, 64),
    atMs: number,
    isAwaiting: flag,
    absent: list(pair(text(2048), number), MANY),
  }),
});

/** Writes a room as text. */
export function encodeRoom(room: RoomSnapshot): string {
  return JSON.stringify({ version: VERSION, room });
}

/** Reads what {@link encodeRoom} has written. @throws TypeError if it is anything else, or of a later version */
export function decodeRoom(data: string): RoomSnapshot {
  const value: unknown = JSON.parse(data);
  if (!isRoom(value)) throw new TypeError('the state of a room cannot be read');
  return value.room;
}
