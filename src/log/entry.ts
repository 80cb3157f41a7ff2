/** What logs hold: one thing that a session proposed, as plain data with ids and names instead of objects. */

/**
 * A log's name. There is one for the domain (who is called what), one for each room, one for each account, and one
 * for each node, which holds what people without an account say to each other.
 */
export type LogName = 'd' | `r:${string}` | `a:${string}` | `n:${string}`;

/** Who proposed an entry, and when. */
export interface Stamp {
  /** The session that proposes it: `node.incarnation.number`. No two sessions ever have the same. */
  readonly session: string;
  /** Its running number among the session's entries in this log, from 1. An entry counts only after the one before. */
  readonly n: number;
  /** Milliseconds since the epoch by the proposer's clock. */
  readonly atMs: number;
  /** The number of the last pack of the domain's log that the proposer had applied; 0 for none. */
  readonly seen: number;
  /** The number of the last pack of this log that the proposer had applied; 0 for none. */
  readonly base: number;
}

/**
 * How something is said: a `message` may be answered by a program, a `notice` must not be, and a `signal` has no text
 * at all (somebody is typing).
 */
export type Manner = 'message' | 'notice' | 'signal';

/** What a member may be in a room, lowest first. */
export type Rank = 'voice' | 'half-operator' | 'operator' | 'admin' | 'owner';

/**
 * A room's switches: nobody enters uninvited; only ranked members speak; nobody speaks from outside; the room is not
 * shown to outsiders; only operators change the topic.
 */
export type RoomFlag = 'invite-only' | 'moderated' | 'no-outsiders' | 'secret' | 'topic-protected';

/** The lists of masks: who is kept out, who is let in although banned, who needs no invitation. */
export type MaskList = 'ban' | 'exception' | 'invitation';

/**
 * What a member may switch about itself: it is not shown to those who share no room with it; it is a program;
 * it receives what operators announce.
 */
export type Trait = 'invisible' | 'bot' | 'hears-announcements';

/** What a speaker's program says to the hearers' programs: a name and a value, which may be empty. */
export type Tag = readonly [name: string, value: string];

/** What a session is known by where its entries are judged. */
export interface Who {
  readonly nick: string;
  readonly user: string;
  /** The host that others see. */
  readonly host: string;
  /** The host that it came from. */
  readonly address: string;
  readonly realName: string;
  /** The account that it has logged in to; null without one. */
  readonly account: string | null;
  /** Whether it has the rights of those who run the server. */
  readonly isOperator: boolean;
}

/** One change of a room's settings. A change of a rank names a session. */
export type SettingChange =
  | { readonly kind: 'flag'; readonly on: boolean; readonly flag: RoomFlag }
  | { readonly kind: 'key'; readonly on: boolean; readonly key: string }
  | { readonly kind: 'limit'; readonly on: boolean; readonly limit: number }
  | { readonly kind: 'mask'; readonly on: boolean; readonly list: MaskList; readonly mask: string }
  | { readonly kind: 'rank'; readonly on: boolean; readonly rank: Rank; readonly target: string };

/** What entries of a room's log do. */
export type RoomDeed =
  /** Enters. `flags` are the room's switches if this opens it. */
  | { readonly kind: 'join'; readonly who: Who; readonly key: string | null; readonly flags: readonly RoomFlag[] }
  | { readonly kind: 'part'; readonly reason: string }
  | { readonly kind: 'kick'; readonly target: string; readonly reason: string }
  | {
      readonly kind: 'say';
      /** Known by the room for one who is inside; taken from here for one who speaks from outside. */
      readonly who: Who | null;
      readonly ranks: number;
      readonly manner: Manner;
      readonly text: string;
      readonly id: string;
      readonly tags: readonly Tag[];
      readonly isDivisible: boolean;
    }
  | { readonly kind: 'topic'; readonly text: string }
  /** Changes settings. `maxMasks` is the most masks that the room's lists hold together. */
  | { readonly kind: 'settings'; readonly changes: readonly SettingChange[]; readonly maxMasks: number }
  | { readonly kind: 'invite'; readonly guest: string; readonly who: Who }
  /** Goes by this from now on. */
  | { readonly kind: 'identity'; readonly who: Who }
  /** Has left the chat, and with it the room. */
  | { readonly kind: 'over' };

/** What entries of the domain's log do. */
export type DomainDeed =
  | { readonly kind: 'arrive'; readonly who: Who }
  | { readonly kind: 'nick'; readonly nick: string }
  | { readonly kind: 'quit'; readonly reason: string }
  | { readonly kind: 'away'; readonly reason: string | null }
  | { readonly kind: 'realname'; readonly realName: string }
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'account'; readonly account: string | null }
  | { readonly kind: 'operator'; readonly on: boolean }
  | { readonly kind: 'trait'; readonly trait: Trait; readonly on: boolean }
  | { readonly kind: 'announce'; readonly text: string };

/** What entries of the logs of accounts and nodes do. */
export interface PrivateDeed {
  readonly kind: 'tell';
  /** The session that it is said to. */
  readonly target: string;
  readonly manner: Manner;
  readonly text: string;
  readonly id: string;
  readonly tags: readonly Tag[];
  readonly isDivisible: boolean;
}

/**
 * What any node may say in any log about another that has stopped: the sessions of that node are over. It holds once,
 * however many say it, so it is not counted among the entries of its session.
 */
export interface GoneDeed {
  readonly kind: 'gone';
  /** `node.incarnation` */
  readonly node: string;
}

export type RoomEntry = Stamp & (RoomDeed | GoneDeed);
export type DomainEntry = Stamp & (DomainDeed | GoneDeed);
export type PrivateEntry = Stamp & (PrivateDeed | GoneDeed);

/** One thing that a session proposed. */
export type Entry = RoomEntry | DomainEntry | PrivateEntry;

/** What one turn has for one log: appended as one, numbered as one. Never empty. */
export type Pack = readonly Entry[];

/** The most entries of a pack. */
export const MAX_PACK_ENTRIES = 1_000;
