/**
 * The other domains as the chat needs them: rooms that are ordered elsewhere, and people who are known from elsewhere.
 */
import type { LogName, MessageType, Tag, Who } from '../log/entry.js';
import type { Author } from './author.js';
import type { RoomSnapshot } from './snapshot.js';

/** Why nobody here may enter a room that its name places in another domain. */
export type BorderRefusal = 'unknown-domain' | 'not-shared' | 'unreachable';

/** A room at its home after a pack. */
export interface Origin {
  /** The name of its log in the ids of messages. */
  readonly id: string;
  /** The number of the pack. */
  readonly seq: number;
  readonly snapshot: RoomSnapshot;
}

/** How people are known in a room that several domains have. */
export interface RoomView {
  /** Returns the identity of somebody of this domain, as the room sees it. */
  readonly guise: (who: Who) => Who;
  /** Returns the identity here of somebody whom the room knows by another one. */
  readonly face: (who: Who) => Who;
  /** Returns the former name here of somebody who has done something. */
  readonly authorOf: (author: Author) => Author;
  /** Whether the room is ordered elsewhere. */
  readonly isForeign: boolean;
}

/** The observer of foreign rooms. */
export interface BorderObserver {
  /**
   * The entries that follow are based on a different state from the one that was applied, since part of the log is
   * lost.
   */
  renewed(log: LogName, origin: Origin): void;
  /** The room no longer exists. */
  withdrawn(log: LogName): void;
}

/** A message from somebody of one domain to somebody of another one. */
export interface Letter {
  /** The sessions of the sender and of the recipient, as this domain knows them. */
  readonly by: string;
  readonly to: string;
  readonly type: MessageType;
  readonly text: string;
  readonly tags: readonly Tag[];
  readonly isDivisible: boolean;
}

/**
 * Why a letter has not arrived: the other domain knows nobody who shares a room with the sender; the recipient hears
 * only those who have logged in; the sender has sent too many; the domain cannot be reached. In the last case the
 * letter may have arrived all the same.
 */
export type LetterRefusal = 'no-such-member' | 'needs-account' | 'too-many-letters' | 'unreachable';

/** What has become of a letter. */
export type LetterAnswer =
  | {
      readonly kind: 'delivered';
      /** Why the recipient is away; null while it is here. */ readonly away: string | null;
    }
  | { readonly kind: 'refused'; readonly why: LetterRefusal };

/** The border of this domain. */
export interface Abroad {
  /** Whether a room's log is ordered elsewhere. */
  isForeign(log: LogName): boolean;
  /** Returns how people are known in a room; null if only this domain has it. */
  viewOf(log: LogName): RoomView | null;
  /** Returns why nobody may enter a room of this name now; null if somebody may. */
  objectionTo(name: string): BorderRefusal | null;
  /**
   * Asks for a foreign room. Its log can be followed when the room is there.
   *
   * @param take - called once, in this call or later; null if the room cannot be had
   */
  begin(log: LogName, take: (origin: Origin | null) => void): void;
  /**
   * Sends a letter to the domain of its recipient. It arrives at most once.
   *
   * @param log - the log of a room that both are in
   * @param take - called once, in this call or later
   */
  post(log: LogName, letter: Letter, take: (answer: LetterAnswer) => void): void;
  /** Returns the domain whose label stands behind the nicks of its people; null for a label that no domain has. */
  domainOf(label: string): string | null;
  /** Sets the observer of foreign rooms. */
  observe(observer: BorderObserver): void;
}

/** How long a proposal to a foreign room waits for its home, in milliseconds. */
export const FOREIGN_PATIENCE_MS = 30_000;

/** Separates the domain in the name of a room. No other name of a room has it. */
const DOMAIN_MARK = ':';

/** Whether the name of a room places it in a domain. */
export function namesDomain(name: string): boolean {
  return name.includes(DOMAIN_MARK);
}

/**
 * Returns the domain in which a room's name places it, the way to that room: waits for one domain hold up nobody who
 * waits for another one. Null for a room of this domain.
 */
export function wayToRoom(name: string): string | null {
  const at = name.lastIndexOf(DOMAIN_MARK);
  return at < 0 ? null : name.slice(at + 1).toLowerCase();
}

/** Returns the same for a room's log. */
export function wayOfLog(log: LogName): string | null {
  return log.startsWith('r:') ? wayToRoom(log.slice('r:'.length)) : null;
}

/** Returns the way to somebody of another domain: the domain that names the session here. */
export function wayToSession(session: string): string {
  return session.slice(0, session.indexOf('/'));
}

/** Returns the label of that domain, which stands behind the nick; null for a nick of this domain. */
export function labelOfNick(nick: string): string | null {
  const at = nick.lastIndexOf('/');
  return at < 0 ? null : nick.slice(at + 1).toLowerCase();
}

/** Whether a session belongs to another domain: such a session begins with the name of that domain and a slash. */
export function isFromAbroad(session: string): boolean {
  return session.includes('/');
}

/** Returns the domain that a session belongs to; null for one of this domain. */
export function homeOf(session: string): string | null {
  return isFromAbroad(session) ? (session.split('/').at(-2) ?? null) : null;
}

/** Whether two sessions belong to the same domain. It is the same for all domains, whatever they call each other. */
export function areOfOneDomain(one: string, other: string): boolean {
  return domainOf(one) === domainOf(other);
}

function domainOf(session: string): string {
  return session.slice(0, session.lastIndexOf('/') + 1);
}
