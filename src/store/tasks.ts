/** The requests of the loop's thread to the threads of the store, and their answers. */
import type { AccountReads } from './account-reads.js';
import type { AccountWrites } from './account-writes.js';
import type { BanReads } from './ban-reads.js';
import type { BanWrites } from './ban-writes.js';
import type { Findings } from './check.js';
import type { CommonReads, CommonWrites } from './common-facts.js';
import type { Durability } from './database.js';
import type { ErasedReads } from './erased-reads.js';
import type { ErasedWrites } from './erased-writes.js';
import type { GoneWrites } from './gone-accounts.js';
import type { Indexed } from './line-index.js';
import type { LineReads } from './line-reads.js';
import type { SearchReads } from './line-search.js';
import type { LineWrites } from './line-writes.js';
import type { LogReads } from './log-reads.js';
import type { LogWrites } from './log-writes.js';
import type { MarkerReads } from './marker-reads.js';
import type { MarkerWrites } from './marker-writes.js';
import type { MemberReads } from './member-reads.js';
import type { MemberWrites } from './member-writes.js';
import type { MigrationProgress } from './migrations.js';
import type { RunWrites } from './run-writes.js';
import type { SaidReads, SaidWrites } from './said.js';
import type { Failure } from './store-error.js';
import type { Tables } from './tables.js';

/** The data that a thread is started with. */
export interface ThreadData {
  /** `import`: it makes a file of an export. */
  readonly role: 'write' | 'read' | 'checkpoint' | 'import';
  readonly path: string;
  readonly durability: Durability;
  /** The most bytes of the file; 0 for no limit. */
  readonly maxBytes: number;
}

/** The writes, by kind. Each answers with a number. */
export interface Writes
  extends
    AccountWrites,
    LogWrites,
    BanWrites,
    LineWrites,
    MemberWrites,
    MarkerWrites,
    ErasedWrites,
    GoneWrites,
    RunWrites,
    CommonWrites,
    SaidWrites {}

/** One write. */
export type Write<K extends keyof Writes = keyof Writes> = {
  readonly [J in K]: Writes[J] & { readonly kind: J };
}[K];

/** The number that a write answers with; or the reason why it was not written, while others were. */
export type Written = number | Failure;

/** How each kind of a part's writes is written, within the transaction of its batch. */
export type WritersOf<W> = { readonly [K in keyof W]: (tables: Tables, write: W[K]) => number };

/** The reads, by name: the question, and its answer. */
export interface Reads
  extends
    AccountReads,
    LogReads,
    BanReads,
    LineReads,
    SearchReads,
    MemberReads,
    MarkerReads,
    ErasedReads,
    SaidReads,
    CommonReads {}

/** How each question to a part is answered. */
export type ReadersOf<R extends { readonly [K in keyof R]: { readonly ask: unknown; readonly answer: unknown } }> = {
  readonly [K in keyof R]: (tables: Tables, ask: R[K]['ask']) => R[K]['answer'];
};

/** Facts about a store. */
export interface StoreFacts {
  /** How often the store has been opened, this time included. */
  readonly run: number;
  /** Random letters and digits that no other store has. */
  readonly prefix: string;
}

/** The jobs of a thread, by name: the question, and its answer. */
export interface Jobs extends Reads {
  /**
   * Writes everything of a batch in one transaction, except those that SQLite never takes. If it takes nothing at all
   * now, as on a full disk, the job fails and nothing is written.
   */
  readonly write: { readonly ask: readonly Write[]; readonly answer: readonly Written[] };
  /** Counts this opening of the store. */
  readonly begin: { readonly ask: null; readonly answer: StoreFacts };
  /** Puts the next lines into the index for searches, at most so many. Answers how far it is then. */
  readonly index: { readonly ask: { readonly lines: number }; readonly answer: Indexed };
  /** Merges parts of the index for searches, about so many pages. Answers whether there was anything to merge. */
  readonly merge: { readonly ask: { readonly pages: number }; readonly answer: boolean };
  /** Moves into the file the part of the write-ahead log that no reader needs. */
  readonly checkpoint: { readonly ask: null; readonly answer: null };
  /** Finds the faults of the file. */
  readonly check: { readonly ask: null; readonly answer: Findings };
  /** The next lines of an export, about so many characters; "" at the end. */
  readonly export: { readonly ask: { readonly length: number }; readonly answer: string };
  /** Takes the next lines of an export. */
  readonly import: { readonly ask: { readonly lines: readonly string[] }; readonly answer: null };
  /** Completes an import; how many rows it has. */
  readonly 'import-end': { readonly ask: null; readonly answer: number };
  /** Closes the file, and ends the thread. */
  readonly close: { readonly ask: null; readonly answer: null };
}

/** One request to a thread. */
export type Task<K extends keyof Jobs = keyof Jobs> = {
  readonly [J in K]: { readonly id: number; readonly job: J; readonly ask: Jobs[J]['ask'] };
}[K];

/** The answer to a task. */
export type Answer<K extends keyof Jobs = keyof Jobs> = {
  readonly [J in K]: { readonly kind: 'done'; readonly id: number; readonly job: J; readonly value: Jobs[J]['answer'] };
}[K];

/** A message of a thread: how far it is, that it is ready or that it never will be, and then an answer to each task. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'migrating'; readonly progress: MigrationProgress }
  | { readonly kind: 'unusable'; readonly failure: Failure }
  | { readonly kind: 'failed'; readonly id: number; readonly job: keyof Jobs; readonly failure: Failure }
  | Answer;
