/** Events among people: each is one fact, independent of any protocol. */
import type { MessageType, Rank, SettingChange, Tag } from '../log/entry.js';
import type { Member } from './member.js';
import type { NoteChange } from './notes.js';
import type { Room } from './room.js';

export type { MessageType, Tag } from '../log/entry.js';

/** The one who did it: a member, or the server itself. */
export type Actor = Member | null;

/** One change of a room's settings that has been made. */
export type RoomChange =
  | Exclude<SettingChange, { readonly kind: 'rank' }>
  | { readonly kind: 'rank'; readonly on: boolean; readonly rank: Rank; readonly member: Member };

/** The fields of every event. */
interface Happening {
  /** When it happened, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** The fields of every event in a room. */
interface RoomHappening extends Happening {
  /** The id of the event: its place in the room's log. Empty if it is not there. */
  readonly id: string;
}

/** Somebody said something to a room or to one person. */
export interface Said extends Happening {
  readonly kind: 'said';
  readonly by: Actor;
  /** The room, or null when it was said to one person. */
  readonly room: Room | null;
  /** The one person that it was said to, or null when it was said to a room. */
  readonly to: Member | null;
  /**
   * The ranks that the speaker named, as bits: members with the lowest of them, or a higher one, get it. 0: everybody.
   */
  readonly ranks: number;
  readonly type: MessageType;
  /**
   * Free of NUL. Empty for a signal. LF separates lines, if there are several; CR marks a place at which its writer has
   * cut a line that was too long.
   */
  readonly text: string;
  /** The id of the message across protocols and echoes: its place in a log. */
  readonly id: string;
  /** Tags from the speaker's program to the hearers' programs. */
  readonly tags: readonly Tag[];
  /** Whether it may be sent in several parts if a protocol's lines are short; otherwise it is cut. */
  readonly isDivisible: boolean;
}

/** A fact, with its members as they are after it. */
export type ChatEvent =
  | Said
  | (RoomHappening & { readonly kind: 'joined'; readonly member: Member; readonly room: Room })
  | (RoomHappening & { readonly kind: 'left'; readonly member: Member; readonly room: Room; readonly reason: string })
  | (Happening & { readonly kind: 'quit'; readonly member: Member; readonly reason: string })
  | (RoomHappening & {
      readonly kind: 'kicked';
      readonly by: Actor;
      readonly member: Member;
      readonly room: Room;
      readonly reason: string;
    })
  /** For the member that is removed from the chat; the others get its quit event. */
  | (Happening & {
      readonly kind: 'expelled';
      readonly by: Actor;
      readonly member: Member;
      readonly reason: string;
      /** The reason that the others get. */
      readonly parting: string;
    })
  | (Happening & { readonly kind: 'renamed'; readonly member: Member; readonly before: string })
  /** A message to a room or to one person is taken back. */
  | (Happening & {
      readonly kind: 'redacted';
      readonly by: Member;
      readonly room: Room | null;
      readonly to: Member | null;
      /** The id of the message. */
      readonly message: string;
      /** The id of this event. */
      readonly id: string;
      readonly reason: string;
    })
  | (RoomHappening & { readonly kind: 'topic'; readonly by: Actor; readonly room: Room; readonly text: string })
  | (RoomHappening & {
      readonly kind: 'settings';
      readonly by: Actor;
      readonly room: Room;
      readonly changes: readonly RoomChange[];
    })
  | (Happening & {
      readonly kind: 'invited';
      readonly by: Actor;
      readonly member: Member;
      readonly room: Room;
      /** Whether this is for the guest, or for members of the room who may want to know. */
      readonly audience: 'guest' | 'witnesses';
    })
  /** Somebody asks the members who may invite it to do so. */
  | (Happening & { readonly kind: 'knocked'; readonly by: Member; readonly room: Room })
  /** A room has another name. */
  | (RoomHappening & {
      readonly kind: 'retitled';
      readonly by: Actor;
      readonly room: Room;
      readonly before: string;
      readonly reason: string;
    })
  /** A member, or a room, has changed its notes. */
  | (Happening & {
      readonly kind: 'annotated';
      readonly by: Member;
      /** The member that the notes belong to; null for a room. */
      readonly member: Member | null;
      readonly room: Room | null;
      readonly changes: readonly NoteChange[];
    })
  | (Happening & { readonly kind: 'away'; readonly member: Member })
  /** Somebody has logged in to an account, or out of its account. */
  | (Happening & { readonly kind: 'account'; readonly member: Member })
  | (Happening & { readonly kind: 'host'; readonly member: Member; readonly before: string })
  | (Happening & { readonly kind: 'realname'; readonly member: Member })
  /** An announcement of the server or an operator to everybody who wants to receive announcements. */
  | (Happening & { readonly kind: 'announced'; readonly by: Actor; readonly text: string })
  /** A message of an operator to everybody in the chat. */
  | (Happening & {
      readonly kind: 'broadcast';
      readonly by: Actor;
      readonly type: 'message' | 'notice';
      readonly text: string;
    });

/** The events of one kind. */
export type EventOf<K extends ChatEvent['kind']> = Extract<ChatEvent, { readonly kind: K }>;
