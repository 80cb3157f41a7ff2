/** A person (or a program) in the chat, with any protocol, as everybody may see it. */
import type { Trait, Who } from '../log/entry.js';
import type { ChatEvent } from './event.js';
import type { Notes } from './notes.js';
import type { Room, Seat } from './room.js';
import type { Subject } from './subject.js';

export { type Privilege, PRIVILEGES, type Trait } from '../log/entry.js';

/**
 * One way of reading events: a protocol with a charset and a set of capabilities. Members that read alike share one
 * encoder object, so that an event is encoded once for all of them and they get the same bytes.
 */
export interface Encoder {
  /**
   * Puts an event into bytes.
   *
   * @returns the bytes, which never change afterwards, since many hold them; null if such members do not get the event
   */
  encode(event: ChatEvent): Uint8Array | null;
  /**
   * Writes an event as the text whose UTF-8 {@link encode} returns, for receivers that copy it anyway.
   *
   * @returns null if there is no such text; there may still be bytes
   */
  toText?(event: ChatEvent): string | null;
  /** Whether a member that falls behind can do without the event. */
  isDroppable(event: ChatEvent): boolean;
}

/** The outlet of a member. The chat does not care what is behind it (a socket, a test). */
export interface Outlet {
  /** The encoder of this member; it may be replaced while the member is here. */
  readonly encoder: Encoder;
  /** Whether nobody between the member and the server can read along. */
  readonly isSecure: boolean;
  /** The SHA-256 fingerprint of the member's certificate, as lower-case hexadecimal digits; null without one. */
  readonly certificate: string | null;
  /** The address of the peer, `host` without brackets or scope, or a name for a peer without one. */
  readonly remoteHost: string;
  /**
   * Takes bytes for the member. It must neither throw nor call back into the chat: it runs inside a fan-out, and the
   * trouble of one member is handled afterwards.
   *
   * @param bytes - shared with others, so do not write to them
   * @param droppable - whether they may be left out if the member is behind
   * @param room - the room whose members all get these bytes if they read alike; null if they are for some of them
   */
  send(bytes: Uint8Array, droppable: boolean, room: Room | null): void;
  /**
   * Removes the member from the chat.
   *
   * @param reason - the reason that it and the others get
   * @param ban - why it will not be let in again; not given if it may return
   */
  expel(reason: string, ban?: string): void;
}

/** The facts about somebody who has just arrived. */
export interface Arrival {
  /** The address that it connects from, or a name for a peer without one. */
  readonly host: string;
  /** Returns its name in the plain protocol, with the host that others see; the nick unless given. */
  readonly label?: (host: string) => string;
  /** Null for a member that is here although nobody is connected for it. */
  readonly outlet: Outlet | null;
  /** Whether no other connection may share it, even of the same account. @defaultValue false */
  readonly isAlone?: boolean;
}

/** The names that a member gives itself. */
export interface Introduction {
  /** Its unique name. */
  readonly nick: string;
  readonly user: string;
  readonly realName: string;
  /** The account that it has already logged in to. @defaultValue none */
  readonly account?: string | null;
}

/** One participant. Only the chat changes it. */
export interface Member extends Subject {
  /** Its identity, as one value that never changes: a new value replaces it. */
  readonly who: Who;
  /** The unique name; empty until it is admitted. */
  readonly nick: string;
  readonly user: string;
  /** The host that others see. */
  readonly host: string;
  /** The host that it connected from, spelled alike in all protocols. */
  readonly address: string;
  readonly realName: string;
  /** Its name in the plain protocol. */
  readonly label: string;
  /** When it arrived, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** When it last said something, in milliseconds since the epoch. */
  readonly lastSpokeMs: number;
  /** Why it is away; null while it is here. */
  readonly away: string | null;
  /** The account it has logged in to; null without one. */
  readonly account: string | null;
  /** Whether it is an operator of the server, whatever its privileges are. */
  readonly isOperator: boolean;
  readonly traits: ReadonlySet<Trait>;
  /** Its notes, by keys. */
  readonly metadata: Notes;
  /** Its places in rooms, in the order of joining. */
  readonly seats: readonly Seat[];
  /** Rooms that it may enter by invitation; null while there are none. */
  readonly invitations: ReadonlySet<Room> | null;
}

/** A member that has been admitted, as plain data. */
export interface MemberDescription {
  readonly who: Who;
  /** Its name in the plain protocol; null if that is its nick. */
  readonly label: string | null;
  /** When it arrived, and when it last spoke, in milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly lastSpokeMs: number;
  readonly away: string | null;
  readonly traits: readonly Trait[];
  /** Its notes. */
  readonly metadata: readonly (readonly [key: string, value: string])[];
  /** In the order of joining; the ranks are a set of bits. */
  readonly rooms: readonly { readonly name: string; readonly ranks: number }[];
}
