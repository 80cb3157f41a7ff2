/** Everything that the page knows, as plain data that nobody changes. */
import { DEFAULT_FEATURES, type Features, foldName } from '../irc/features.js';
import type { Incoming } from '../irc/incoming.js';

/** How the page stands with the server. */
export type Link =
  /** Nobody has signed in yet, or has signed out. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'registering' }
  | { readonly kind: 'online' }
  /** The connection is lost, and the next attempt is at `retryAtMs`. */
  | { readonly kind: 'waiting'; readonly retryAtMs: number };

/** Why the server refused something, in its own terms. */
export interface Failure {
  /** Three digits, or `ERROR`. */
  readonly code: string;
  readonly text: string;
}

/**
 * How far an own message is: `queued` was never sent; `waiting` was sent and has no echo yet; `unsure` was sent on a
 * connection that ended before its echo; `refused` came back as an error.
 */
export type Delivery = 'sent' | 'queued' | 'waiting' | 'unsure' | 'refused';

export type MessageStyle = 'text' | 'action' | 'notice';

export interface MessageBody {
  readonly kind: 'message';
  readonly style: MessageStyle;
  readonly from: string;
  readonly text: string;
  readonly isOwn: boolean;
  readonly isMention: boolean;
  /** The sign of the rank that alone hears it (STATUSMSG); empty for everybody. */
  readonly audience: string;
  readonly delivery: Delivery;
  /** The label that its echo will carry; empty for others' messages. */
  readonly label: string;
  /** The one who has taken it back, and the reason; null if nobody has. */
  readonly redaction: { readonly by: string; readonly reason: string } | null;
  /** Why the server refused it. */
  readonly problem: Failure | null;
}

export interface MovementBody {
  readonly kind: 'moved';
  readonly how: 'joined' | 'left' | 'quit' | 'renamed';
  readonly nick: string;
  /** Why it left; the new nick of one that is renamed. */
  readonly detail: string;
}

export type LineBody =
  | MessageBody
  | MovementBody
  | { readonly kind: 'kicked'; readonly nick: string; readonly by: string; readonly reason: string }
  | { readonly kind: 'topic'; readonly by: string; readonly text: string }
  | { readonly kind: 'modes'; readonly by: string; readonly text: string }
  | {
      readonly kind: 'retitled';
      readonly by: string;
      readonly before: string;
      readonly name: string;
      readonly reason: string;
    }
  | { readonly kind: 'knocked'; readonly nick: string }
  | { readonly kind: 'invited'; readonly by: string; readonly nick: string; readonly room: string }
  /** An answer of the server. */
  | { readonly kind: 'reply'; readonly code: string; readonly params: readonly string[] }
  | { readonly kind: 'error'; readonly code: string; readonly params: readonly string[] }
  /** The page's own notice about something typed. */
  | { readonly kind: 'hint'; readonly hint: Hint; readonly detail: string }
  /** The connection was lost; `backAtMs` is null until there is another. */
  | { readonly kind: 'gap'; readonly backAtMs: number | null }
  /** The server has lines that belong here, and the page has not asked for them yet. */
  | { readonly kind: 'hole' };

export type Hint = 'unknown-command' | 'usage' | 'not-here' | 'offline';

/** When something was said or done, and the id that the server gave it; empty if it gave none. */
export interface Stamp {
  readonly atMs: number;
  readonly messageId: string;
}

export interface Line extends Stamp {
  /** Unique in the page. */
  readonly id: number;
  readonly body: LineBody;
}

export interface Member {
  readonly nick: string;
  /** The signs of its ranks, highest first. */
  readonly signs: string;
  readonly isAway: boolean;
}

/** A question of the page to the server's history (CHATHISTORY). */
export interface HistoryRequest {
  readonly verb: 'LATEST' | 'BEFORE' | 'AFTER' | 'AROUND';
  /** The place in the history: `msgid=…`, `timestamp=…`, or `*` for the end. */
  readonly reference: string;
  readonly limit: number;
  /** The line next to which the answer belongs; 0 for none. */
  readonly atId: number;
}

/** One room, one private conversation, or what the server itself says. */
export interface Conversation {
  readonly key: string;
  readonly kind: 'room' | 'private' | 'server';
  readonly name: string;
  /** Of a room: whether we are in it, and whether we want to be, which brings us back after a lost connection. */
  readonly isJoined: boolean;
  readonly isWanted: boolean;
  /** The key that lets one into the room; empty if it needs none. */
  readonly password: string;
  readonly topic: string;
  readonly members: ReadonlyMap<string, Member>;
  /** Names that have arrived of a list that is not complete (353 before 366). */
  readonly arriving: readonly Member[];
  readonly lines: readonly Line[];
  readonly unread: number;
  readonly mentions: number;
  /** The line before which "new" is shown; -1 for none. */
  readonly firstNewId: number;
  /** The question that the page waits for; null for none. */
  readonly request: HistoryRequest | null;
  /** Whether the server's history has been asked for its latest lines, and has answered. */
  readonly isLoaded: boolean;
  /** Whether the first line is the first that there is. */
  readonly isWhole: boolean;
  /**
   * The id of the first message that the server has sent, which need not be a line; empty if lines were dropped
   * since.
   */
  readonly earliest: string;
  /** The time up to which the user has read, on any device; -1 if it is not known. */
  readonly readAtMs: number;
  /** The same, as the server knows it. */
  readonly markedAtMs: number;
  /** The id of the message that is to be scrolled to as soon as it is there; empty for none. */
  readonly sought: string;
}

/** The answer to a question that arrives as a batch, and is not complete. */
export interface OpenAnswer {
  /** The type of the batch, and what it is about; empty if it does not say. */
  readonly type: string;
  readonly target: string;
  readonly messages: readonly Incoming[];
}

/** A message that a search has found. */
export interface Hit extends Stamp {
  /** The room, or the person that the user talked with. */
  readonly place: string;
  readonly from: string;
  readonly text: string;
}

/** The last search. */
export interface Search {
  readonly words: string;
  /** The conversation that is searched; empty for all that the user may read. */
  readonly place: string;
  /** Newest first. */
  readonly hits: readonly Hit[];
  readonly isRunning: boolean;
  /** Whether these are all. */
  readonly isWhole: boolean;
  readonly failure: Failure | null;
}

/** How the user wants to be known: by a nick alone, by its account, or by one that is to be made. */
export type LoginWish = 'guest' | 'log-in' | 'sign-up';

export interface Login {
  /** The wish that is carried out when the server lets the page. */
  readonly wish: LoginWish;
  /**
   * The account to log in to. It has the name of the nick that the user has signed in with, until the server names
   * it.
   */
  readonly account: string;
  /** `code`: the account waits for the code that was sent to its owner. */
  readonly step: 'idle' | 'running' | 'code';
  /** The account that waits for its code. */
  readonly unverified: string;
  /** The label of what NickServ was asked last; empty for nothing. */
  readonly asked: string;
  /** The answer of NickServ; empty for none. */
  readonly answer: string;
  readonly failure: Failure | null;
}

/** A connection that is logged in to the account of the user. */
export interface Device {
  readonly number: string;
  readonly isThis: boolean;
  readonly address: string;
  readonly isSecure: boolean;
  readonly sinceMs: number;
  readonly nick: string;
}

export interface Devices {
  /** The label of the question for them; empty for none. */
  readonly asked: string;
  readonly list: readonly Device[];
}

export interface ListedRoom {
  readonly name: string;
  readonly members: number;
  readonly topic: string;
}

/** A message of several lines that is not complete: the line that opened it, and the text so far. */
export interface OpenMultiline {
  readonly opening: Incoming;
  /** Null before the first line. */
  readonly text: string | null;
}

export interface State {
  readonly link: Link;
  readonly failure: Failure | null;
  /** Whether this session has been online: if so, the page goes on trying by itself. */
  readonly wasOnline: boolean;
  readonly nick: string;
  /** The nick that the user asked for; another one stands in for it while it is taken. */
  readonly wantedNick: string;
  /** The own `nick!user@host`; empty until the server has shown it. */
  readonly mask: string;
  /** Why the user is away; null if it is not. */
  readonly away: string | null;
  readonly features: Features;
  /** Capabilities that are offered (name to value), and those that are in use. */
  readonly offered: ReadonlyMap<string, string>;
  readonly capabilities: ReadonlySet<string>;
  readonly conversations: ReadonlyMap<string, Conversation>;
  readonly current: string;
  /** Whether the user sees the page. */
  readonly isAttended: boolean;
  /** Where the command with a label was typed, for its answer. */
  readonly origins: ReadonlyMap<string, string>;
  /** Batches that are open, by reference, with the label of the answer that they are. */
  readonly batches: ReadonlyMap<string, string>;
  /** Messages of several lines that are not complete, by the references of their batches. */
  readonly multilines: ReadonlyMap<string, OpenMultiline>;
  /** Answers that are not complete, by the references of their batches. */
  readonly answers: ReadonlyMap<string, OpenAnswer>;
  readonly search: Search;
  /** The account that the user is logged in to; empty for none. */
  readonly account: string;
  readonly login: Login;
  readonly devices: Devices;
  /** Whether the page has asked with whom the user has talked. */
  readonly hasAskedPeople: boolean;
  readonly listing: { readonly isComplete: boolean; readonly rooms: readonly ListedRoom[] };
  readonly nextId: number;
}

/** The most lines that a conversation keeps. */
export const MAX_LINES = 2000;
/** The most labels without an answer that are remembered. */
export const MAX_ORIGINS = 200;
/** The most hits of a search that are kept. */
export const MAX_HITS = 500;
/** The most rooms of a list that are kept. */
export const MAX_LISTED = 500;
/** The key of what the server itself says. No nick and no room has an empty name. */
export const SERVER_KEY = '';

export function emptyConversation(key: string, kind: Conversation['kind'], name: string): Conversation {
  return {
    key,
    kind,
    name,
    isJoined: false,
    isWanted: false,
    password: '',
    topic: '',
    members: new Map(),
    arriving: [],
    lines: [],
    unread: 0,
    mentions: 0,
    firstNewId: -1,
    request: null,
    isLoaded: false,
    isWhole: false,
    earliest: '',
    readAtMs: -1,
    markedAtMs: -1,
    sought: '',
  };
}

export const INITIAL_STATE: State = {
  link: { kind: 'idle' },
  failure: null,
  wasOnline: false,
  nick: '',
  wantedNick: '',
  mask: '',
  away: null,
  features: DEFAULT_FEATURES,
  offered: new Map(),
  capabilities: new Set(),
  conversations: new Map([[SERVER_KEY, emptyConversation(SERVER_KEY, 'server', '')]]),
  current: SERVER_KEY,
  isAttended: true,
  origins: new Map(),
  batches: new Map(),
  multilines: new Map(),
  answers: new Map(),
  search: { words: '', place: '', hits: [], isRunning: false, isWhole: true, failure: null },
  account: '',
  login: { wish: 'guest', account: '', step: 'idle', unverified: '', asked: '', answer: '', failure: null },
  devices: { asked: '', list: [] },
  hasAskedPeople: false,
  listing: { isComplete: false, rooms: [] },
  nextId: 1,
};

/** Whether two names are the same to the server. */
export function isSame({ features }: State, left: string, right: string): boolean {
  return foldName(features, left) === foldName(features, right);
}

/** The conversation that the user sees. */
export function currentConversation(state: State): Conversation {
  return state.conversations.get(state.current) ?? emptyConversation(SERVER_KEY, 'server', '');
}
