/** The outcomes of applying an entry. */
import type { RoomLog, ServerBan, Who } from '../log/entry.js';
import type { ChatEvent, EventOf } from './event.js';
import type { Member } from './member.js';
import type { ChangeRefusal } from './permissions.js';
import type { Refused } from './refusal.js';
import type { Room } from './room.js';

/** A member has been let in. */
export interface Arrived {
  readonly kind: 'arrived';
  readonly member: Member;
}

/** A member is connected to one more node, or to its own again. */
export interface Attached {
  readonly kind: 'attached';
  readonly member: Member;
  /** The session by which that node acts for it. */
  readonly session: string;
  /** Since when nobody was connected for it, in milliseconds since the epoch; null if somebody was. */
  readonly absentSinceMs: number | null;
  /** Its absence, if that has changed. */
  readonly away: EventOf<'away'> | null;
}

/** A member is no longer connected to a node, and stays. */
export interface Detached {
  readonly kind: 'detached';
  readonly member: Member;
  /** Its absence, if that has changed. */
  readonly away: EventOf<'away'> | null;
}

/** Nicks have come to belong to accounts. */
export interface Reserved {
  readonly kind: 'reserved';
  /** Members that use one of them, and are not its owner. */
  readonly squatters: readonly Member[];
}

/** A fact about a member has changed, and nobody is notified. */
export interface Changed {
  readonly kind: 'changed';
  readonly member: Member;
}

/** A room has asked for another name, and the log of that name has not decided yet. */
export interface Claimed {
  readonly kind: 'claimed';
  /** The number of the request among those of the room. */
  readonly claim: number;
}

/** The name of a log was given to another room, or not. */
export interface Ceded {
  readonly kind: 'ceded';
  readonly isGranted: boolean;
}

/** A room that asked for another name has got it, or not. */
export interface Titled {
  readonly kind: 'titled';
  /** The number of the request. */
  readonly claim: number;
  /** Null if the room has not got the name. */
  readonly event: EventOf<'retitled'> | null;
}

/** The name of a log does not lead to another room any more. */
export interface Reclaimed {
  readonly kind: 'reclaimed';
}

/** The outcome of changes of a room's settings. */
export interface Amended {
  readonly kind: 'amended';
  /** All changes that were made; null if there were none. */
  readonly event: EventOf<'settings'> | null;
  /** Why each was not made, in the order of the changes; null for a change that was made, or that changes nothing. */
  readonly refusals: readonly (Refused<ChangeRefusal> | null)[];
}

/** A room has a new nick of a member: those inside have been notified by the domain. */
export interface Identified {
  readonly kind: 'identified';
  readonly atMs: number;
  /** Its place in the room's log. */
  readonly id: string;
  readonly member: Member;
  readonly room: Room;
  readonly before: Who;
}

/** A member has left a room because it has left the chat: those inside have been notified by the domain. */
export interface Departed {
  readonly kind: 'departed';
  readonly atMs: number;
  /** Its place in the room's log. */
  readonly id: string;
  readonly member: Member;
  readonly room: Room;
  readonly reason: string;
}

/** The members of a node that has stopped are gone. */
export interface Lost {
  readonly kind: 'lost';
  /** `node.incarnation` */
  readonly node: string;
  readonly quits: readonly EventOf<'quit'>[];
  /** The members of other nodes that were connected to this one only, and have left. */
  readonly partings: readonly EventOf<'quit'>[];
  /** The members that continue on other nodes, with the sessions that they had. */
  readonly moved: readonly { readonly member: Member; readonly former: string }[];
  /** The members that are no longer connected to it, with their absences if these have changed. */
  readonly changes: readonly { readonly member: Member; readonly away: EventOf<'away'> | null }[];
}

/** A room has learned that a node has stopped: the members of that node are not inside any more. */
export interface Cleared {
  readonly kind: 'cleared';
  /** `node.incarnation` */
  readonly node: string;
  readonly members: readonly Member[];
  /** The members who are inside under other sessions from now on. */
  readonly moved: readonly Member[];
}

/** The server bans somebody from now on. */
export interface Banned {
  readonly kind: 'banned';
  readonly ban: ServerBan;
  /** The reason that others read for members whom it removes. */
  readonly parting: string;
}

/** A ban of the server no longer applies. */
export interface Unbanned {
  readonly kind: 'unbanned';
}

/** An account has been erased. */
export interface Erased {
  readonly kind: 'erased';
  readonly account: string;
}

/** A room is open from now on, or no longer. */
export interface Named {
  readonly kind: 'named';
  readonly room: RoomLog;
  readonly isOpen: boolean;
}

/** An event, or an outcome without one; null if nothing has changed. */
export type Outcome =
  | ChatEvent
  | Arrived
  | Attached
  | Detached
  | Reserved
  | Changed
  | Claimed
  | Ceded
  | Titled
  | Reclaimed
  | Amended
  | Identified
  | Departed
  | Lost
  | Cleared
  | Banned
  | Unbanned
  | Erased
  | Named
  | Refused<string>
  | null;
