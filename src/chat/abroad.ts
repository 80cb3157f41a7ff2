/** The other domains as the chat needs them: rooms whose order is given elsewhere, and people known from elsewhere. */
import type { LogName, Who } from '../log/entry.js';
import type { Author } from './author.js';
import type { RoomSnapshot } from './snapshot.js';

/** Why nobody here may enter a room that a name places in another domain. */
export type BorderRefusal = 'unknown-domain' | 'not-shared' | 'unreachable';

/** A room as its home had it after a pack. */
export interface Origin {
  /** Names its log in the ids of messages. */
  readonly id: string;
  /** The number of the pack. */
  readonly seq: number;
  readonly snapshot: RoomSnapshot;
}

/** How people are known in a room that several domains have. */
export interface RoomView {
  /** Returns what the room is told of somebody of this domain. */
  readonly guise: (who: Who) => Who;
  /** Returns what somebody is called here whom the room knows by something else. */
  readonly face: (who: Who) => Who;
  /** Returns what somebody was called here who has done something. */
  readonly authorOf: (author: Author) => Author;
  /** Whether the order of the room is given elsewhere. */
  readonly isForeign: boolean;
}

/** Hears of what becomes of foreign rooms. */
export interface BorderObserver {
  /** What follows is based on another state than the one that was applied, since a part of the log is lost. */
  renewed(log: LogName, origin: Origin): void;
  /** The room is there no more. */
  withdrawn(log: LogName): void;
}

/** The border of this domain. */
export interface Abroad {
  /** Whether the order of a room's log is given elsewhere. */
  isForeign(log: LogName): boolean;
  /** Returns how people are known in a room; null if only this domain has it. */
  viewOf(log: LogName): RoomView | null;
  /** Returns why nobody may enter a room of this name now; null if somebody may. */
  objectionTo(name: string): BorderRefusal | null;
  /**
   * Asks for a foreign room, whose log can be followed when it is there.
   *
   * @param take - called once, in this call or later; null if the room cannot be had
   */
  begin(log: LogName, take: (origin: Origin | null) => void): void;
  /** Names the one who hears of what becomes of foreign rooms. */
  observe(observer: BorderObserver): void;
}

/** How long what is proposed to a foreign room waits for its home, in milliseconds. */
export const FOREIGN_PATIENCE_MS = 30_000;

/** Separates the domain in the name of a room, which no name of a room has otherwise. */
const DOMAIN_MARK = ':';

/** Whether the name of a room places it in a domain. */
export function namesDomain(name: string): boolean {
  return name.includes(DOMAIN_MARK);
}

/** Whether a session is one of another domain: these have the name of that before a slash. */
export function isFromAbroad(session: string): boolean {
  return session.includes('/');
}
