/** A person (or a program) in the chat, whatever protocol it uses, as everybody may see it. */
import type { Trait, Who } from '../log/entry.js';
import type { ChatEvent } from './event.js';
import type { Notes } from './notes.js';
import type { Room, Seat } from './room.js';
import type { Subject } from './subject.js';

export { type Privilege, PRIVILEGES, type Trait } from '../log/entry.js';

/**
 * One way of reading events: a protocol with a charset and a set of capabilities. Members that read alike share one
 * encoder object, so that an event is encoded once for all of them and they are sent the same bytes.
 */
export interface Encoder {
  /**
   * Puts an event into bytes.
   *
   * @returns the bytes, never changed afterwards since many hold them; null if such members do not get it
   */
  encode(event: ChatEvent): Uint8Array | null;
  /**
   * Puts an event into the text whose UTF-8 is what {@link encode} returns, for what copies it anyway.
   *
   * @returns null if there is none, which says nothing about the bytes
   */
  toText?(event: ChatEvent): string | null;
  /** Whether a member that falls behind can do without it. */
  isDroppable(event: ChatEvent): boolean;
}

/** Where a member hears. What stands behind it (a socket, a test) is not the chat's business. */
export interface Outlet {
  /** How this member reads; may be replaced while it is here. */
  readonly encoder: Encoder;
  /** Whether nobody between the member and the server can read along. */
  readonly isSecure: boolean;
  /** The SHA-256 fingerprint of the member's certificate, as lower-case hexadecimal digits; null without one. */
  readonly certificate: string | null;
  /** The address of the peer, `host` without brackets or scope, or a name for a peer without one. */
  readonly remoteHost: string;
  /**
   * Takes bytes for the member. It must neither throw nor call back into the chat: it runs inside a fan-out, and one
   * member's trouble is dealt with after it.
   *
   * @param bytes - shared with others, so not to be written to
   * @param droppable - may be left out if the member is behind
   * @param room - the room whose members all get these bytes if they read alike; null if they are for some of them
   */
  send(bytes: Uint8Array, droppable: boolean, room: Room | null): void;
  /**
   * Puts the member out of the chat.
   *
   * @param reason - the reason that it and the others get
   * @param ban - why it will not be let in again; not given when it may come back
   */
  expel(reason: string, ban?: string): void;
}

/** What is known of somebody that has just arrived. */
export interface Arrival {
  /** The address that it comes from, or a name for a peer without one. */
  readonly host: string;
  /** Returns what a plain line calls it, with the host that others see; the nick unless given. */
  readonly label?: (host: string) => string;
  /** Null for a member that is here although nobody is connected for it. */
  readonly outlet: Outlet | null;
  /** Whether no other connection may share it, even of the same account. @defaultValue false */
  readonly isAlone?: boolean;
}

/** What a member calls itself. */
export interface Introduction {
  /** The unique name it goes by. */
  readonly nick: string;
  readonly user: string;
  readonly realName: string;
  /** The account that it has logged in to already. @defaultValue none */
  readonly account?: string | null;
}

/** One participant. Only the chat changes it. */
export interface Member extends Subject {
  /** What it is known by, as one value that never changes: another one takes its place. */
  readonly who: Who;
  /** The unique name; empty until it is admitted. */
  readonly nick: string;
  readonly user: string;
  /** The host that others see. */
  readonly host: string;
  /** The host that it came from, spelled alike in all protocols. */
  readonly address: string;
  readonly realName: string;
  /** What a plain line calls it. */
  readonly label: string;
  /** When it arrived, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** When it last said something, in milliseconds since the epoch. */
  readonly lastSpokeMs: number;
  /** Why it is away; null while it is here. */
  readonly away: string | null;
  /** The account it has logged in to; null without one. */
  readonly account: string | null;
  /** Whether it is one of those who run the server, whatever it may do as such. */
  readonly isOperator: boolean;
  readonly traits: ReadonlySet<Trait>;
  /** What it says about itself, by keys. */
  readonly metadata: Notes;
  /** Its places in rooms, in the order of joining. */
  readonly seats: readonly Seat[];
  /** Rooms that it may enter by invitation; null while there are none. */
  readonly invitations: ReadonlySet<Room> | null;
}

/** A member that has been admitted, as plain data. */
export interface MemberDescription {
  readonly who: Who;
  /** What a plain line calls it; null if that is its nick. */
  readonly label: string | null;
  /** When it arrived, and when it last spoke, in milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly lastSpokeMs: number;
  readonly away: string | null;
  readonly traits: readonly Trait[];
  /** What it says about itself. */
  readonly metadata: readonly (readonly [key: string, value: string])[];
  /** In the order of joining; the ranks are a set of bits. */
  readonly rooms: readonly { readonly name: string; readonly ranks: number }[];
}
