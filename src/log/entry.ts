/**
 * The entries of logs: each is one thing that a session proposed, as plain data with ids and names, without objects.
 */

/**
 * A log's name. There is one for the domain (who has which nick), one for each room, one for each account, and one for
 * each node, which holds the messages between people without an account.
 */
export type LogName = 'd' | RoomLog | `a:${string}` | `n:${string}`;
/** The name of a room's log. */
export type RoomLog = `r:${string}`;

/** Who proposed an entry, and when. */
export interface Stamp {
  /** The session that it is about: `node.incarnation.number`. No two sessions ever have the same one. */
  readonly session: string;
  /**
   * The session of the node that proposes it, if that is another node than the one of `session`: a member that is
   * connected to several nodes has a session of each. Not given if `session` proposes it itself.
   */
  readonly via?: string;
  /**
   * Its running number among its proposer's entries in this log, from 1. An entry counts only if the one before it
   * does.
   */
  readonly n: number;
  /** Milliseconds since the epoch by the proposer's clock. */
  readonly atMs: number;
  /** The number of the last pack of the domain's log that the proposer had applied; 0 for none. */
  readonly seen: number;
  /** The number of the last pack of this log that the proposer had applied; 0 for none. */
  readonly base: number;
}

/** The session that proposes an entry, and numbers it. */
export function proposerOf({ session, via }: Speaker): string {
  return via ?? session;
}

/** The session that an entry is about, and the one that proposes it, if that is another one. */
export type Speaker = Pick<Stamp, 'session' | 'via'>;

/** Returns the sessions of an entry, and nothing else of it. */
export function speakerOf({ session, via }: Speaker): Speaker {
  return via === undefined ? { session } : { session, via };
}

/** Returns the same under other names. @param rename - returns the other name of a session */
export function renamedSpeaker({ session, via }: Speaker, rename: (session: string) => string): Speaker {
  return via === undefined ? { session: rename(session) } : { session: rename(session), via: rename(via) };
}

/** A session that is over, and the one with which its member continues. */
export type Heir = readonly [former: string, session: string];

/** The most sessions that one entry hands over. */
export const MAX_HEIRS = 5_000;

/**
 * The sort of a message: a `message` may be answered by a program, a `notice` must not be, and a `signal` has no text
 * at all (somebody is typing).
 */
export type MessageType = 'message' | 'notice' | 'signal';

/** The ranks of a room, lowest first. */
export const RANKS = ['voice', 'half-operator', 'operator', 'admin', 'owner'] as const;
export type Rank = (typeof RANKS)[number];

/**
 * A room's switches: only those who have logged in enter; only those who have logged in speak; nobody enters uninvited;
 * only ranked members speak; nobody speaks from outside; no program sends queries to others here; the room is not shown
 * to outsiders; only operators change the topic.
 */
export const ROOM_FLAGS = [
  'accounts-only',
  'accounts-speak',
  'invite-only',
  'moderated',
  'no-outsiders',
  'no-queries',
  'past-hidden',
  'secret',
  'topic-protected',
] as const;
export type RoomFlag = (typeof ROOM_FLAGS)[number];

/**
 * The lists of masks: who is kept out, who is let in although banned, who needs no invitation; who may not speak, and
 * who may although muted.
 */
export const MASK_LISTS = ['ban', 'exception', 'invitation', 'mute', 'mute-exception'] as const;
export type MaskList = (typeof MASK_LISTS)[number];

/** Returns a value for each list of masks. */
export function byMaskList<T>(valueOf: (list: MaskList) => T): Record<MaskList, T> {
  return {
    ban: valueOf('ban'),
    exception: valueOf('exception'),
    invitation: valueOf('invitation'),
    mute: valueOf('mute'),
    'mute-exception': valueOf('mute-exception'),
  };
}

/**
 * The traits that a member may switch: it is not shown to those who share no room with it; it is a program; it receives
 * what operators announce; only those who have logged in may send it messages; it stays when nobody is connected for
 * it.
 */
export const TRAITS = ['invisible', 'bot', 'hears-announcements', 'hears-accounts-only', 'always-on'] as const;
export type Trait = (typeof TRAITS)[number];

/** The privileges of those who run the server, by the names that a configuration uses. */
export const PRIVILEGES = [
  'kill',
  'ban',
  'rehash',
  'die',
  'wallops',
  'global',
  'stats',
  'see-hosts',
  'see-hidden',
  'override',
] as const;

/**
 * One of {@link PRIVILEGES}: it removes people; sets and lifts bans of the server; reloads the configuration; ends the
 * server; announces to those who listen; sends to everybody; sees the figures of the server; sees the hosts that
 * people come from; sees secret rooms and invisible people; counts as owner of every room.
 */
export type Privilege = (typeof PRIVILEGES)[number];

/** A tag from a speaker's program to the hearers' programs: a name and a value, which may be empty. */
export type Tag = readonly [name: string, value: string];

/** The facts by which the entries of a session are judged. */
export interface Who {
  readonly nick: string;
  readonly user: string;
  /** The host that others see. */
  readonly host: string;
  /** The host from which it has connected. */
  readonly address: string;
  readonly realName: string;
  /** The account that it has logged in to; null without one. */
  readonly account: string | null;
  /** Its privileges as an operator of the server; null for everybody else. */
  readonly privileges: readonly Privilege[] | null;
}

/** How the connection of a session is secured. */
export interface Security {
  /** Whether nobody between the session and its server can read along. */
  readonly isSecure: boolean;
  /** The SHA-256 fingerprint of its certificate, as lower-case hexadecimal digits; null without one. */
  readonly certificate: string | null;
}

/** One change of a room's settings. A change of a rank names a session; null if nobody has the nick. */
export type SettingChange =
  | { readonly kind: 'flag'; readonly on: boolean; readonly flag: RoomFlag }
  | { readonly kind: 'key'; readonly on: boolean; readonly key: string }
  | { readonly kind: 'limit'; readonly on: boolean; readonly limit: number }
  | { readonly kind: 'mask'; readonly on: boolean; readonly list: MaskList; readonly mask: string }
  | { readonly kind: 'rank'; readonly on: boolean; readonly rank: Rank; readonly target: string | null };

/** A change of the notes of somebody, or of a room. */
export interface Annotation {
  /** Null for all keys. */
  readonly key: string | null;
  /** Null removes the value. */
  readonly value: string | null;
  /** The most keys that are allowed. */
  readonly maxKeys: number;
}

/** The target of a ban of the server: users on hosts, or all who connect from the addresses of a network. */
export type BanKind = 'users' | 'addresses';

/** One ban of the server. */
export interface ServerBan {
  readonly kind: BanKind;
  /**
   * `user@host` for users, an address or a network for addresses; spelled in only one way, so that it identifies the
   * ban.
   */
  readonly mask: string;
  readonly reason: string;
  /** The one who set it. */
  readonly by: string;
  readonly atMs: number;
  /** When it ends, in milliseconds since the epoch; null for never. */
  readonly untilMs: number | null;
}

/** A message. It has no id here, since its place in the log names it. */
interface Words {
  readonly type: MessageType;
  readonly text: string;
  readonly tags: readonly Tag[];
  readonly isDivisible: boolean;
}

/** The entries of every log, by their kinds. */
export interface CommonDeeds {
  /**
   * Replaces an entry that its proposer has given up: the one of the two that is first in the log counts, and the other
   * one is ignored.
   */
  withdrawn: object;
  /**
   * Another node has stopped, and so have all earlier incarnations of it: their sessions are over, and none of their
   * later entries counts. It takes effect once, however many nodes report it, so it is not numbered among the entries
   * of the session that reports it.
   */
  gone: {
    /** `name.incarnation`; a later incarnation of a name has a greater number. */
    readonly node: string;
    /**
     * The sessions in a room whose members are also connected to other nodes, and continue there. The domain's log
     * decides on them. @defaultValue none
     */
    readonly heirs?: readonly Heir[];
  };
}

/** A place in the log of a room: all packs up to a number. An entry that names one is applied after them. */
export interface Place {
  readonly room: RoomLog;
  readonly seq: number;
}

/** The entries of a room's log, by their kinds. `who` is null for a session that has a place in the room. */
export interface RoomDeeds extends CommonDeeds {
  /** Enters. If this opens the room, `name` is the spelling of its name, and `flags` are its switches. */
  join: { readonly who: Who; readonly name: string; readonly key: string | null; readonly flags: readonly RoomFlag[] };
  part: { readonly reason: string };
  /** Removes a session; `target` is null if nobody has the nick. */
  kick: { readonly who: Who | null; readonly target: string | null; readonly reason: string };
  say: Words & { readonly who: Who | null; readonly ranks: number };
  /** Takes back a message. `message` is its id. */
  redact: { readonly who: Who | null; readonly message: string; readonly reason: string };
  topic: { readonly text: string };
  /**
   * Changes settings. `maxMasks` is the most masks that the room's lists hold together. `maxValues` is the most changes
   * that are made to anything but a flag.
   */
  settings: {
    readonly who: Who | null;
    readonly changes: readonly SettingChange[];
    readonly maxMasks: number;
    readonly maxValues: number;
  };
  /**
   * Invites the session `guest`, whose identity is `who`. `by` is the identity of the one who invites, if it differs
   * from the one in the room: a session does not have all of its rights through each of its connections.
   */
  invite: { readonly guest: string; readonly who: Who; readonly by?: Who };
  /** Changes the notes of the room. */
  annotate: Annotation & { readonly who: Who | null };
  /** Asks the members inside to let the session in. */
  knock: { readonly who: Who };
  /** Gives the room another name. Several processes use `claim` instead, since they have to agree on names. */
  retitle: { readonly who: Who | null; readonly name: string; readonly reason: string };
  /** Asks for another name, which the log of that name decides on. */
  claim: { readonly who: Who | null; readonly name: string; readonly reason: string };
  /** In the log of the wanted name: gives the name to the room that has asked for it, unless another room has it. */
  cede: { readonly room: RoomLog; readonly claim: number };
  /** In the log of the room: the log of the wanted name has decided, up to the place `after`. */
  titled: { readonly claim: number; readonly isGranted: boolean; readonly after: Place };
  /** In the log of a name: the room no longer has the name, by its own log up to the place `after`. */
  reclaim: { readonly room: RoomLog; readonly claim: number; readonly after: Place };
  /** Makes the room belong to the account of the session. */
  register: object;
  unregister: { readonly who: Who | null };
  /** Sets the ranks, as bits, that an account has in a registered room; 0 takes them away. */
  grant: { readonly who: Who | null; readonly account: string; readonly ranks: number };
  /** Transfers a registered room to another account. */
  found: { readonly who: Who | null; readonly account: string };
  /** Gives the session another identity. */
  identity: { readonly who: Who };
  /** The session has left the chat, and the room with it. */
  over: object;
  /** The members for whom the empty room has waited do not return. */
  abandon: object;
}

/** The entries of the domain's log, by their kinds. */
export interface DomainDeeds extends CommonDeeds {
  /** Arrives. `isAlone` says that no other connection may share the member. */
  arrive: { readonly who: Who; readonly isAlone?: boolean };
  /** Reports to the other nodes how the session's connection is secured. */
  security: Security;
  /**
   * Connects a member to the node of the proposer. Nothing happens if the member has another account by then; a null
   * `account` stands for any.
   */
  attach: Security & { readonly account: string | null; readonly address: string };
  /**
   * Nobody is connected for the member to the node of the proposer any more, since `sinceMs`. A member that is
   * connected nowhere quits with the reason, unless it stays.
   */
  detach: { readonly reason: string; readonly sinceMs: number };
  nick: { readonly nick: string };
  quit: { readonly reason: string };
  away: { readonly reason: string | null };
  realname: { readonly realName: string };
  host: { readonly host: string };
  account: { readonly account: string | null };
  operator: { readonly privileges: readonly Privilege[] | null };
  trait: { readonly trait: Trait; readonly on: boolean };
  /** Changes the notes of the session. */
  describe: Annotation;
  /** Reserves the nicks of accounts, which are their names, or (if `on` is false) releases them. */
  reserve: { readonly accounts: readonly string[]; readonly on: boolean };
  /** Gives a session another nick, if its nick belongs to somebody else. */
  displace: { readonly target: string; readonly nick: string };
  /** Removes from the chat the session that uses the nick of an account, or has logged in to the account. */
  ghost: { readonly nick: string; readonly account: string };
  announce: { readonly text: string };
  /** Says something to everybody in the chat. */
  broadcast: { readonly type: 'message' | 'notice'; readonly text: string };
  /** Removes a session from the chat: it gets the reason, the others get the parting. */
  expel: { readonly target: string; readonly reason: string; readonly parting: string };
  /** Removes a session from the chat on behalf of the server's operator: everybody gets the parting. */
  evict: { readonly target: string; readonly parting: string };
  /** Bans somebody from all servers; the others get the parting. `maxBans` is the most bans at once. */
  ban: { readonly ban: ServerBan; readonly parting: string; readonly maxBans: number };
  unban: { readonly type: BanKind; readonly mask: string };
  /** An account has been erased: its nick is free, and no member stays for it. */
  erase: { readonly account: string };
  /** A room has opened: every node follows its log. */
  open: { readonly room: RoomLog };
  /** A room has closed. */
  shut: { readonly room: RoomLog };
}

/** The entries of the logs of accounts and nodes, by their kinds. */
export interface PrivateDeeds extends CommonDeeds {
  /** Says something to one session. */
  tell: Words & { readonly target: string };
  /** Takes back a message to one session. `message` is its id. */
  retract: { readonly target: string; readonly message: string; readonly reason: string };
}

/** The entries of the log in which the nodes of a domain share their link to another one. */
export interface LinkDeeds {
  /**
   * A piece of a message between the nodes. `body` is a part of its bytes in base64, which begins at the byte `at`; all
   * parts together have `bytes` bytes.
   */
  relay: { readonly head: string; readonly body: string; readonly at: number; readonly bytes: number };
}

/** The entries of certain kinds, out of the kinds of one sort of log. */
export type EntryOf<Deeds, Kind extends keyof Deeds = keyof Deeds> = {
  readonly [K in Kind]: Stamp & Deeds[K] & { readonly kind: K };
}[Kind];

export type RoomEntry = EntryOf<RoomDeeds>;
export type DomainEntry = EntryOf<DomainDeeds>;
export type PrivateEntry = EntryOf<PrivateDeeds>;
export type LinkEntry = EntryOf<LinkDeeds>;

/** One thing that a session proposed. */
export type Entry = RoomEntry | DomainEntry | PrivateEntry | LinkEntry;

/** The entries of one turn for one log, which are appended and numbered as one. Never empty. */
export type Pack = readonly Entry[];

/** The most entries of a pack. */
export const MAX_PACK_ENTRIES = 1_000;
