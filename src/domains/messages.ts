/** The messages between two domains. Packs and rooms are in the bodies of the frames. */
import type { Letter, LetterAnswer, LetterRefusal } from '../chat/abroad.js';
import { type Heir, MAX_HEIRS, type MessageType, type Tag } from '../log/entry.js';
import { choice, flag, list, nullable, oneOf, pair, record, type Shape, text, whole } from '../log/shape.js';

/** The version of the protocol. Both ends send theirs first. */
export const LINK_VERSION = 3;

/** The most rooms that a domain shares: their names are in the head of one frame. */
export const MAX_ROOMS = 200;

/** The point from which a domain that has followed a room before continues. */
export interface Resume {
  /** The run of the home's server at that point. */
  readonly epoch: string;
  readonly after: number;
}

/** A letter, whose body is its text. It is sent only to a domain that carries letters: see {@link LETTER_BOX}. */
export interface Tell {
  readonly kind: 'tell';
  readonly id: number;
  readonly turn: number;
  readonly by: string;
  readonly to: string;
  readonly type: MessageType;
  readonly tags: readonly Tag[];
  readonly isDivisible: boolean;
}

/** The answer to a letter: `why` is null if it was delivered, and `away` says why the recipient is away. */
export interface Told {
  readonly kind: 'told';
  readonly id: number;
  readonly turn: number;
  readonly why: LetterRefusal | null;
  readonly away: string | null;
}

/** The messages of a domain to the home of rooms. */
export type Visit =
  | { readonly kind: 'hello'; readonly version: number; readonly domain: string; readonly run: string }
  | { readonly kind: 'follow'; readonly id: number; readonly room: string; readonly resume: Resume | null }
  | { readonly kind: 'stop'; readonly id: number }
  /** The body is a pack for the room of a following. */
  | { readonly kind: 'append'; readonly id: number; readonly turn: number }
  /**
   * A node of the domain is gone, with its earlier incarnations: its people are out of the rooms that are followed. The
   * body has the sessions of those who continue under other ones.
   */
  | { readonly kind: 'gone'; readonly node: string }
  | Tell
  | Told
  | { readonly kind: 'pulse' };

/** The messages of the home of rooms. */
export type Word =
  | {
      readonly kind: 'hello';
      readonly version: number;
      readonly domain: string;
      /** The label behind the nicks of the other domain's people. */
      readonly label: string;
      readonly epoch: string;
      readonly rooms: readonly string[];
    }
  /** The body is a part of the room as text; all parts together have `bytes` bytes. */
  | { readonly kind: 'state'; readonly id: number; readonly log: string; readonly seq: number; readonly bytes: number }
  | { readonly kind: 'refused'; readonly id: number }
  | { readonly kind: 'pack'; readonly id: number; readonly seq: number }
  | { readonly kind: 'caught-up'; readonly id: number }
  | { readonly kind: 'away'; readonly id: number }
  | { readonly kind: 'back'; readonly id: number }
  | { readonly kind: 'appended'; readonly turn: number }
  | { readonly kind: 'failed'; readonly turn: number; readonly why: 'unknown' | 'invalid' }
  | Tell
  | Told
  | { readonly kind: 'pulse' };

const id = whole(0);
const name = text(512);
const pulse = record({ kind: oneOf('pulse') });
const isLetterRefusal = oneOf('no-such-member', 'needs-account', 'too-many-letters', 'unreachable');
const letter = {
  by: name,
  to: name,
  type: oneOf('message', 'notice', 'signal'),
  tags: list<Tag>(pair(name, text(65_536)), 64),
  isDivisible: flag,
};
const tell = record<Tell>({
  kind: oneOf('tell'),
  id,
  turn: id,
  ...letter,
});
const told = record<Told>({
  kind: oneOf('told'),
  id,
  turn: id,
  why: nullable(isLetterRefusal),
  away: nullable(text(4_096)),
});

/** Whether a letter is one that the other domain takes for a message. */
export { tell as isTell };

/** Whether a value is a message of a domain to the home of rooms. */
export const isVisit = choice<Visit>({
  hello: record({ kind: oneOf('hello'), version: whole(1), domain: name, run: text(64) }),
  follow: record({
    kind: oneOf('follow'),
    id,
    room: name,
    resume: nullable(record({ epoch: text(64), after: whole(0) })),
  }),
  stop: record({ kind: oneOf('stop'), id }),
  append: record({ kind: oneOf('append'), id, turn: id }),
  gone: record({ kind: oneOf('gone'), node: name }),
  tell,
  told,
  pulse,
});

/** Whether a value is a message of the home of rooms. */
export const isWord = choice<Word>({
  hello: record({
    kind: oneOf('hello'),
    version: whole(1),
    domain: name,
    label: text(64),
    epoch: text(64),
    rooms: list(name, MAX_ROOMS),
  }),
  state: record({ kind: oneOf('state'), id, log: text(300), seq: id, bytes: id }),
  refused: record({ kind: oneOf('refused'), id }),
  pack: record({ kind: oneOf('pack'), id, seq: whole(1) }),
  'caught-up': record({ kind: oneOf('caught-up'), id }),
  away: record({ kind: oneOf('away'), id }),
  back: record({ kind: oneOf('back'), id }),
  appended: record({ kind: oneOf('appended'), turn: id }),
  failed: record({ kind: oneOf('failed'), turn: id, why: oneOf('unknown', 'invalid') }),
  tell,
  told,
  pulse,
});

const isHeirs = list<Heir>(pair(name, name), MAX_HEIRS);

/** Returns sessions that continue under other ones as the body of a message. */
export function encodeHeirs(heirs: readonly Heir[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(heirs.slice(0, MAX_HEIRS)));
}

/** Reads the result of {@link encodeHeirs}; null for anything else. */
export function decodeHeirs(body: Uint8Array): readonly Heir[] | null {
  return decodeJson(body, isHeirs);
}

const isLetter = record<Letter>({ ...letter, text: text(65_536) });
const isLetterAnswer = choice<LetterAnswer>({
  delivered: record({ kind: oneOf('delivered'), away: nullable(text(4_096)) }),
  refused: record({ kind: oneOf('refused'), why: isLetterRefusal }),
});

/** Returns something as the body of a message between nodes. */
export function encodeJson(value: Letter | LetterAnswer): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Reads a letter that {@link encodeJson} has made; null for anything else. */
export function decodeLetter(body: Uint8Array): Letter | null {
  return decodeJson(body, isLetter);
}

/** Reads an answer that {@link encodeJson} has made; null for anything else. */
export function decodeLetterAnswer(body: Uint8Array): LetterAnswer | null {
  return decodeJson(body, isLetterAnswer);
}

function decodeJson<T>(body: Uint8Array, isFit: Shape<T>): T | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return isFit(value) ? value : null;
  } catch {
    return null;
  }
}

/** How often each end sends a sign of life, and the silence after which the other one gives it up, in milliseconds. */
export const PULSE_MS = 5_000;
export const SILENCE_MS = 15_000;

/** The most bytes of a room as text, and of one part of it. */
export const MAX_STATE_BYTES = 16_777_216;
export const STATE_PART_BYTES = 524_288;
