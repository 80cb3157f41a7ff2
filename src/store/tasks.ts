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
  };
  /** Drops the packs before a number. */
  readonly trim: { readonly log: string; readonly before: number };
  readonly lease: { readonly node: string; readonly endMs: number };
  readonly forget: { readonly node: string };
  /** Tries whether there is room for so many bytes; 0 gives it back. */
  readonly trial: { readonly bytes: number };
}

/** One thing to be written. */
export type Write = { readonly [K in keyof Writes]: Writes[K] & { readonly kind: K } }[keyof Writes];

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
