/** What the thread of the loop asks of the threads of the store, and how they answer. */
import type { Durability } from './database.js';
import type { Failure } from './store-error.js';

/** What a thread is started with. */
export interface ThreadData {
  readonly role: 'write' | 'read';
  readonly path: string;
  readonly durability: Durability;
  /** The most bytes of the file; 0 for no limit. */
  readonly maxBytes: number;
}

/** What can be written, by kind. Each answers with a number. */
export interface Writes {
  /** Appends a pack; its number. `maxEntries` is how many entries the log keeps: the oldest packs go. */
  readonly pack: {
    readonly log: string;
    readonly body: Uint8Array;
    readonly entries: number;
    readonly maxEntries: number;
    /** The time of its last entry, in milliseconds since the epoch. */
    readonly atMs: number;
  };
  /**
   * Drops packs of before a time, from the first on, as far as what is kept of the state has them; how many. It drops
   * at most 1,000, so that other writes need not wait for long.
   */
  readonly retain: { readonly log: string; readonly fromMs: number };
  /** Keeps what the state of a log is after a pack; null for nothing. */
  readonly keep: { readonly log: string; readonly seq: number; readonly state: string | null };
  readonly ban: { readonly ban: StoredBan };
  readonly unban: { readonly ban: Pick<StoredBan, 'kind' | 'mask'> };
  /** Drops the packs before a number. */
  readonly trim: { readonly log: string; readonly before: number };
  readonly lease: { readonly node: string; readonly endMs: number };
  readonly forget: { readonly node: string };
  /** Tries whether there is room for so many bytes; 0 gives it back. */
  readonly trial: { readonly bytes: number };
}

/** One thing to be written. */
export type Write = { readonly [K in keyof Writes]: Writes[K] & { readonly kind: K } }[keyof Writes];

/** A ban of the server. */
export interface StoredBan {
  readonly kind: string;
  readonly mask: string;
  readonly reason: string;
  readonly by: string;
  readonly atMs: number;
  readonly untilMs: number | null;
}

/** What is kept of a log's state, with the packs that came after it. */
export interface StoredState {
  readonly log: string;
  readonly seq: number;
  readonly state: string | null;
  readonly tail: Page['packs'];
}

/** Facts about a store. */
export interface StoreFacts {
  /** How often the store has been opened, this time included. */
  readonly run: number;
  /** Random letters and digits that no other store has. */
  readonly prefix: string;
}

/** Where a log begins and ends. */
export interface LogEnds {
  readonly log: string;
  /** The number of the first pack that is kept; one more than `top` when none is. */
  readonly first: number;
  readonly top: number;
}

/** Part of a log, as bytes. */
export interface Page extends Omit<LogEnds, 'log'> {
  readonly packs: readonly { readonly seq: number; readonly body: Uint8Array }[];
}

/** What a thread can be asked to do, by name: the question, and its answer. */
export interface Jobs {
  /** Writes everything of a batch in one transaction, or nothing of it. */
  readonly write: { readonly ask: readonly Write[]; readonly answer: readonly number[] };
  /** Counts this opening of the store. */
  readonly begin: { readonly ask: null; readonly answer: StoreFacts };
  readonly bans: { readonly ask: null; readonly answer: readonly StoredBan[] };
  /** The states of the logs that have one, or that have packs without one. */
  readonly states: { readonly ask: null; readonly answer: readonly StoredState[] };
  /** The ends of all logs. */
  readonly ends: { readonly ask: null; readonly answer: readonly LogEnds[] };
  readonly packs: {
    readonly ask: { readonly log: string; readonly after: number; readonly maxPacks: number };
    readonly answer: Page;
  };
  /** The nodes whose lease has run out. */
  readonly expired: { readonly ask: { readonly nowMs: number }; readonly answer: readonly string[] };
  /** Closes the file, and ends the thread. */
  readonly close: { readonly ask: null; readonly answer: null };
}

/** One thing that is asked of a thread. */
export type Task<K extends keyof Jobs = keyof Jobs> = {
  readonly [J in K]: { readonly id: number; readonly job: J; readonly ask: Jobs[J]['ask'] };
}[K];

/** The answer to a task. */
export type Answer<K extends keyof Jobs = keyof Jobs> = {
  readonly [J in K]: { readonly kind: 'done'; readonly id: number; readonly job: J; readonly value: Jobs[J]['answer'] };
}[K];

/** What a thread sends: that it is ready or that it never will be, and then an answer to each task. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly failure: Failure }
  | { readonly kind: 'failed'; readonly id: number; readonly job: keyof Jobs; readonly failure: Failure }
  | Answer;
