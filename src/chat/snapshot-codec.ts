/** Snapshots: written as text, and read back with every value checked. */
import { banShape, flagShape, nameShape, privilegesShape, roomLogShape, whoShape, wordsShape } from '../log/codec.js';
import { byMaskList, type Heir, type Security, TRAITS } from '../log/entry.js';
import { distinct, flag, list, nullable, oneOf, pair, record, type Shape, text, whole } from '../log/shape.js';
import type { Author } from './author.js';
import type { Departure } from './directory.js';
import { isNode, nodeOf } from './gone-nodes.js';
import type { Presence } from './presences.js';
import type { Cession, Claim, ClaimsSnapshot } from './room-claims.js';
import type {
  DomainSnapshot,
  InvitationSnapshot,
  MaskSnapshot,
  MemberSnapshot,
  NumbersSnapshot,
  PresencesSnapshot,
  PrivateSnapshot,
  RoomSnapshot,
  SeatSnapshot,
} from './snapshot.js';

/** The version of the format. A change of the format takes the next number, and still reads earlier versions. */
const VERSION = 3;

/** A generous limit: the written values were within the limits of the room. */
const MANY = 1_000_000;
const number = whole(0);
const author = record<Author>({ nick: nameShape, user: nameShape, host: nameShape });
const masks = list(record<MaskSnapshot>({ mask: nameShape, by: author, atMs: number }), MANY);
const lastNumber = (value: unknown): value is readonly [session: string, n: number, seq: number] =>
  Array.isArray(value) && value.length === 3 && nameShape(value[0]) && number(value[1]) && number(value[2]);
const numbers = record<NumbersSnapshot>({ last: list(lastNumber, MANY), forgottenSeq: number });

const notes = distinct(list(pair(nameShape, wordsShape), MANY), ([key]) => key);

const gone = distinct(
  list((value): value is string => nameShape(value) && isNode(value), MANY),
  nodeOf,
);

const claims = record<ClaimsSnapshot>({
  count: number,
  open: nullable(record<Claim>({ number, name: nameShape, reason: wordsShape, session: nameShape, who: whoShape })),
  ceded: nullable(record<Cession>({ room: roomLogShape, claim: number })),
});

const isRoom: Shape<RoomSnapshot> = record<Omit<RoomSnapshot, 'claims'>>(
  {
    name: nameShape,
    createdAtMs: number,
    registration: nullable(
      record({
        founder: nameShape,
        atMs: number,
        access: distinct(list(record({ account: nameShape, ranks: number }), MANY), ({ account }) => account),
      }),
    ),
    topic: nullable(record({ text: wordsShape, by: author, atMs: number })),
    key: nullable(nameShape),
    limit: nullable(number),
    flags: distinct(list(flagShape, 64), (each) => each),
    masks: record(byMaskList(() => masks)),
    metadata: notes,
    seats: distinct(
      list(
        record<SeatSnapshot>({ session: nameShape, who: whoShape, ranks: number, sinceMs: number, last: number }),
        MANY,
      ),
      ({ session }) => session,
    ),
    invitations: distinct(
      list(record<InvitationSnapshot>({ guest: nameShape, who: whoShape, by: nullable(nameShape), opens: flag }), MANY),
      ({ guest }) => guest,
    ),
    heirs: distinct(list<Heir>(pair(nameShape, nameShape), MANY), ([former]) => former),
    gone,
    numbers,
    restarts: number,
    messages: list(pair(number, nameShape), MANY),
    knocks: list(record({ session: nameShape, atMs: number }), MANY),
    retitledAtMs: list(number, 64),
    atMs: number,
    isAwaiting: flag,
    absent: distinct(list(pair(text(2048), number), MANY), ([who]) => who),
  },
  { claims },
);

const trait = oneOf(...TRAITS);

const presence = record<Presence>({
  address: nameShape,
  away: nullable(wordsShape),
  privileges: nullable(privilegesShape),
  isSecure: flag,
  certificate: nullable(nameShape),
});

const isDomain = record<DomainSnapshot>({
  members: distinct(
    list(
      record<MemberSnapshot>({
        session: nameShape,
        who: whoShape,
        last: number,
        sinceMs: number,
        away: nullable(wordsShape),
        traits: distinct(list(trait, 64), (each) => each),
        metadata: notes,
        security: record<Security>({ isSecure: flag, certificate: nullable(nameShape) }),
        isAlone: flag,
      }),
      MANY,
    ),
    ({ session }) => session,
  ),
  presences: distinct(
    list(
      record<PresencesSnapshot>({
        session: nameShape,
        formers: list(nameShape, MANY),
        absentSinceMs: nullable(number),
        at: distinct(list(pair(nameShape, presence), MANY), ([session]) => session),
      }),
      MANY,
    ),
    ({ session }) => session,
  ),
  departures: list(
    record<Departure>({
      nick: nameShape,
      user: nameShape,
      host: nameShape,
      realName: wordsShape,
      account: nullable(nameShape),
      atMs: number,
    }),
    MANY,
  ),
  owned: list(nameShape, MANY),
  rooms: distinct(list(roomLogShape, MANY), (each) => each),
  gone,
  bans: list(banShape, MANY),
  numbers,
  peak: number,
  atMs: number,
});

const isPrivate = record<PrivateSnapshot>({
  gone,
  numbers,
  restarts: number,
  messages: list(record({ key: number, by: nameShape, to: nameShape }), MANY),
  atMs: number,
});

/** The result of reading a snapshot. */
export type DecodedState<T> =
  | { readonly kind: 'state'; readonly state: T }
  | { readonly kind: 'malformed' }
  /** A later version of this program has written it, and can read it. */
  | { readonly kind: 'unknown-version'; readonly version: number };

/** Writes a room as text. */
export function encodeRoom(room: RoomSnapshot): string {
  return JSON.stringify({ version: VERSION, room });
}

/** Reads the text that {@link encodeRoom} has written. For anything else it returns why it refuses it. */
export function decodeRoom(data: string): DecodedState<RoomSnapshot> {
  return decode(data, 'room', isRoom);
}

/** Writes the state of the domain as text. */
export function encodeDomain(domain: DomainSnapshot): string {
  return JSON.stringify({ version: VERSION, domain });
}

/** Reads the text that {@link encodeDomain} has written. For anything else it returns why it refuses it. */
export function decodeDomain(data: string): DecodedState<DomainSnapshot> {
  return decode(data, 'domain', isDomain);
}

/** Writes the state of private messages as text. */
export function encodePrivate(told: PrivateSnapshot): string {
  return JSON.stringify({ version: VERSION, private: told });
}

/** Reads the text that {@link encodePrivate} has written. For anything else it returns why it refuses it. */
export function decodePrivate(data: string): DecodedState<PrivateSnapshot> {
  return decode(data, 'private', isPrivate);
}

export const ROOM_CODEC = { encode: encodeRoom, decode: decodeRoom };
export const DOMAIN_CODEC = { encode: encodeDomain, decode: decodeDomain };
export const PRIVATE_CODEC = { encode: encodePrivate, decode: decodePrivate };

const isVersion = whole(1);

function decode<T>(data: string, field: string, isState: Shape<T>): DecodedState<T> {
  const value = parse(data);
  if (typeof value !== 'object' || value === null) return { kind: 'malformed' };
  const version: unknown = Reflect.get(value, 'version');
  if (!isVersion(version)) return { kind: 'malformed' };
  if (version > VERSION) return { kind: 'unknown-version', version };
  const state: unknown = Reflect.get(value, field);
  if (typeof state === 'object' && state !== null) amend(state, version);
  return isState(state) ? { kind: 'state', state } : { kind: 'malformed' };
}

/** Adds to a state of an earlier version what that version did not have. */
function amend(state: object, version: number): void {
  // The first version had no other nodes.
  if (version < 2) Reflect.set(state, 'gone', []);
  if (version >= 3) return;
  // In the second one, a member was connected to one node.
  if ('seats' in state) Reflect.set(state, 'heirs', []);
  if (!('members' in state)) return;
  Reflect.set(state, 'presences', []);
  const members: unknown[] = Array.isArray(state.members) ? state.members : [];
  for (const member of members)
    if (typeof member === 'object' && member !== null) Reflect.set(member, 'isAlone', false);
}

/** Parses JSON; returns undefined, which JSON cannot express, if it is invalid. */
function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
