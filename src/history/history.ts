/** The interface of every history, wherever it keeps its lines. All questions and answers are plain data. */
import type { Line, Shelf } from './line.js';
import type { LineDraft } from './line-draft.js';
import type { Found, SearchQuery } from './search-query.js';

/** A place among the lines of a shelf. An id that is not kept counts as older than everything that is. */
export type Anchor = { readonly kind: 'id'; readonly msgid: string } | { readonly kind: 'time'; readonly atMs: number };

/** The view of the one who asks. Lines beyond it do not count: a page is filled with the lines within it. */
export interface Sight {
  /** Whether it includes events, or only messages and notices. */
  readonly hasEvents: boolean;
  /** The ranks of the one who asks, as bits: messages to higher ranks alone are not for it. */
  readonly ranks: number;
  /** Its own `nick!user@host`: it sees its own messages in any case. */
  readonly source: string;
  /** The time of the first lines that it may see, in milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** The range of lines to return. */
export type LineRange =
  /** Lines between two places, which are excluded; null for no bound. `end` is the side from which a page is filled. */
  | {
      readonly kind: 'between';
      readonly after: Anchor | null;
      readonly before: Anchor | null;
      readonly end: 'oldest' | 'newest';
    }
  /** Lines between two places, whichever is the older one; a page is filled from the side of `from`. */
  | { readonly kind: 'span'; readonly from: Anchor; readonly to: Anchor }
  /** Lines around a place, including the line there. */
  | { readonly kind: 'around'; readonly anchor: Anchor };

/** A question for lines. */
export interface LineQuery {
  readonly shelf: Shelf;
  /** The folded nick of the other person in a conversation; null for a whole shelf. */
  readonly peer: string | null;
  readonly range: LineRange;
  /** The most lines, at least 1. */
  readonly limit: number;
  readonly sight: Sight;
}

/** Lines, the oldest first; or why there are none. */
export type Page =
  | { readonly kind: 'lines'; readonly lines: readonly Line[] }
  /** The message in the middle of the range is not kept. */
  | { readonly kind: 'unknown-message' }
  | { readonly kind: 'unavailable' };

/** A question for conversations whose last line is within a period. */
export interface LatestQuery {
  readonly rooms: readonly { readonly shelf: Shelf; readonly sight: Sight }[];
  /** The shelf whose conversations between two people count; null for none. */
  readonly people: { readonly shelf: Shelf; readonly sight: Sight } | null;
  /** Both exclusive, in milliseconds since the epoch. */
  readonly afterMs: number;
  readonly beforeMs: number;
  /** The conversations that are taken if there are more than `limit`. */
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

/** Lines by shelves. An answer includes everything that was recorded before its question. */
export interface History {
  lines(query: LineQuery): Promise<Page>;
  latest(query: LatestQuery): Promise<Conversations>;
  /** @param by - the personal shelf of the one who asks: everybody has one search at a time */
  search(query: SearchQuery, by: Shelf): Promise<Found>;
  /** Returns when a message on one of some shelves was said; null if it is not kept. */
  timeOf(shelves: readonly Shelf[], msgid: string): Promise<number | null>;
}

/** The shelves that lines are added to. */
export interface Shelves {
  /** Whether a shelf keeps lines: if it does not, none need be made. */
  keeps(shelf: Shelf): boolean;
  record(shelf: Shelf, line: Line | LineDraft): void;
  /** Removes the content of a line; its place stays, so that others are found from there. */
  redact(redaction: Redaction): void;
  /** Removes a shelf with all its lines. */
  clear(shelf: Shelf): void;
}

/** A message that is taken back, and its place: its shelves, and its place in the log that it comes from. */
export interface Redaction {
  readonly shelves: readonly Shelf[];
  readonly msgid: string;
  readonly log: string;
  readonly seq: number;
  readonly part: number;
}
