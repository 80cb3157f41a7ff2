/** The interface of every history, wherever it keeps its lines. All questions and answers are plain data. */
import type { Line, Shelf } from './line.js';
import type { LineDraft } from './line-draft.js';
import type { Found, SearchQuery } from './search-query.js';

/** A place among the lines of a shelf. An id that is not kept counts as older than everything that is. */
export type Anchor = { readonly kind: 'id'; readonly msgid: string } | { readonly kind: 'time'; readonly atMs: number };

/** What the one who asks may see. Lines beyond it do not count: a page is full of those within it. */
export interface Sight {
  /** Whether it sees events, too, or only messages and notices. */
  readonly hasEvents: boolean;
  /** Its ranks as bits: what was said to higher ones alone is not for it. */
  readonly ranks: number;
  /** Its own `nick!user@host`: what it has said itself it sees in any case. */
  readonly source: string;
  /** The time of the first lines that it may see, in milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** Which lines are wanted. */
export type LineRange =
  /** Those between two places, without these; null for no bound. `end` is where a page begins to be filled. */
  | {
      readonly kind: 'between';
      readonly after: Anchor | null;
      readonly before: Anchor | null;
      readonly end: 'oldest' | 'newest';
    }
  /** Those between two places, whichever is the older one; a page is filled from the side of `from`. */
  | { readonly kind: 'span'; readonly from: Anchor; readonly to: Anchor }
  /** Those around a place, and the line there. */
  | { readonly kind: 'around'; readonly anchor: Anchor };

/** A question for lines. */
export interface LineQuery {
  readonly shelf: Shelf;
  /** The folded nick of the other one in a conversation; null for a whole shelf. */
  readonly peer: string | null;
  readonly range: LineRange;
  /** The most lines, at least 1. */
  readonly limit: number;
  readonly sight: Sight;
}

/** Lines, the oldest first; or why there are none. */
export type Page =
  | { readonly kind: 'lines'; readonly lines: readonly Line[] }
  /** The message that lines were wanted around is not kept. */
  | { readonly kind: 'unknown-message' }
  | { readonly kind: 'unavailable' };

/** A question for conversations that have a last line in a period, by that line. */
export interface LatestQuery {
  readonly rooms: readonly { readonly shelf: Shelf; readonly sight: Sight }[];
  /** The shelf whose conversations of two count; null for none. */
  readonly people: { readonly shelf: Shelf; readonly sight: Sight } | null;
  /** Both exclusive, in milliseconds since the epoch. */
  readonly afterMs: number;
  readonly beforeMs: number;
  /** Which are taken if there are more than `limit`. */
  readonly end: 'oldest' | 'newest';
  readonly limit: number;
}

/** A conversation with its last line. */
export interface Latest {
  readonly shelf: Shelf;
  readonly line: Line;
}

/** Conversations, the one with the oldest last line first. */
export type Conversations =
  { readonly kind: 'latest'; readonly latest: readonly Latest[] } | { readonly kind: 'unavailable' };

/** Lines by shelves. What has been recorded before a question is in its answer. */
export interface History {
  lines(query: LineQuery): Promise<Page>;
  latest(query: LatestQuery): Promise<Conversations>;
  /** @param by - who asks, by the shelf of its own: everybody has one search at a time */
  search(query: SearchQuery, by: Shelf): Promise<Found>;
  /** Returns when a message on one of some shelves was said; null if it is not kept. */
  timeOf(shelves: readonly Shelf[], msgid: string): Promise<number | null>;
}

/** Where lines are put. */
export interface Shelves {
  /** Whether a shelf keeps lines: for one that does not, none need be made. */
  keeps(shelf: Shelf): boolean;
  record(shelf: Shelf, line: Line | LineDraft): void;
  /** Removes what a line says; its place stays, so that others are found from there. */
  redact(redaction: Redaction): void;
  /** Removes a shelf with all that is on it. */
  clear(shelf: Shelf): void;
}

/** What is taken back, and where it stands: its shelves, and its place in the log that it comes from. */
export interface Redaction {
  readonly shelves: readonly Shelf[];
  readonly msgid: string;
  readonly log: string;
  readonly seq: number;
  readonly part: number;
}
