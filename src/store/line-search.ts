/** Searches among lines: the index finds candidates, the newest first, and each is compared with the query. */
import type { Anchor } from '../history/history.js';
import {
  type Found,
  type Hit,
  isInTime,
  isWanted,
  type SearchPlace,
  type SearchQuery,
} from '../history/search-query.js';
import { needsOf } from '../search/grams.js';
import { matches } from '../search/terms.js';
import { integerOf, nullableOf, textOf } from './columns.js';
import type { Value } from './engine.js';
import { shelfToken, speakerToken } from './line-index.js';
import { lineOf } from './line-reads.js';
import type { Tables } from './tables.js';
import type { ReadersOf } from './tasks.js';

export interface SearchReads {
  readonly search: { readonly ask: SearchQuery; readonly answer: Found };
  /** The time of a message on one of several shelves. */
  readonly 'line-time': {
    readonly ask: { readonly shelves: readonly string[]; readonly msgid: string };
    readonly answer: number | null;
  };
}

/** The most lines that a search looks at: other questions wait meanwhile, for some tenths of a second. */
const MAX_CANDIDATES = 100_000;
/**
 * How many of the last lines are compared if all that the index could look for are beginnings of grams. A frequent text
 * fills a page from these. A rare one has few grams, and only then is it cheap to gather all that begin so.
 */
const LAST_LINES = 300;
/** How many candidates are fetched at once: first, and at most. */
const FIRST_CANDIDATES = 100;
const MOST_CANDIDATES = 5_000;
/** With more places, the index is not asked for the lines of each of them: it looks up every one on every page. */
const FEW_PLACES = 16;

export const searchReads: ReadersOf<SearchReads> = {
  search: (tables, query) => new Search(tables, query).run(),
  'line-time': (tables, { shelves, msgid }) => {
    const find = tables.run('SELECT at_ms FROM line WHERE log = (SELECT id FROM log WHERE name = ?) AND msgid = ?');
    const [row] = shelves.flatMap((shelf) => find.get(shelf, msgid) ?? []);
    return row === undefined ? null : integerOf(row, 'at_ms');
  },
};

const LAST_ID = Number.MAX_SAFE_INTEGER;

/** One search. */
class Search {
  readonly #tables: Tables;
  readonly #query: SearchQuery;
  /** By the rows of their shelves in the table `log`. */
  readonly #places = new Map<number, SearchPlace[]>();
  /** Between which ids candidates are left, both exclusive. */
  #after = 0;
  #before = LAST_ID;
  readonly #hits: Hit[] = [];

  constructor(tables: Tables, query: SearchQuery) {
    this.#tables = tables;
    this.#query = query;
    for (const place of query.places) {
      const row = tables.run('SELECT id FROM log WHERE name = ?').get(place.shelf);
      if (row === undefined) continue;
      const log = integerOf(row, 'id');
      this.#places.set(log, [...(this.#places.get(log) ?? []), place]);
    }
    this.#bound(query.after, query.before);
  }

  run(): Found {
    const isComplete = this.#places.size === 0 || this.#search();
    const hits = this.#query.end === 'newest' ? this.#hits.reverse() : this.#hits;
    return { kind: 'found', hits, isComplete };
  }

  /** @returns whether it has found all that there is, or as much as is wanted */
  #search(): boolean {
    const { terms, from } = this.#query;
    const { grams, beginnings } = needsOf(terms);
    const speaker = from === null ? [] : [speakerToken(from)];
    const narrow = [...grams, ...speaker].map(quoted);
    if (narrow.length > 0) return this.#examine([...narrow, ...this.#shelves], MAX_CANDIDATES) !== 'more';
    if (beginnings.length === 0) return this.#examine(this.#shelves, MAX_CANDIDATES) !== 'more';
    if (this.#examine(this.#shelves, LAST_LINES) !== 'more') return true;
    const starts = beginnings.map((start) => `${quoted(start)} *`);
    return this.#examine([...starts, ...this.#shelves], MAX_CANDIDATES) !== 'more';
  }

  /** The terms of the index query for the shelves. */
  get #shelves(): string[] {
    if (this.#places.size > FEW_PLACES) return [];
    const tokens = Array.from(this.#places.keys(), (log) => quoted(shelfToken(log)));
    return [`(${tokens.join(' OR ')})`];
  }

  /**
   * Compares candidates with the query, starting at one end.
   *
   * @param needs - the terms that each of them has in the index; empty for all lines
   * @param most - how many
   * @returns `more` if there may be others
   */
  #examine(needs: readonly string[], most: number): 'enough' | 'end' | 'more' {
    let size = FIRST_CANDIDATES;
    for (let left = most; left > 0; left -= size, size = Math.min(2 * size, MOST_CANDIDATES)) {
      size = Math.min(size, left);
      const rows = this.#fetch(needs, size);
      for (const row of rows) {
        this.#take(row);
        if (this.#hits.length === this.#query.limit) return 'enough';
      }
      if (rows.length < size) return 'end';
    }
    return 'more';
  }

  /** Returns candidates with the columns that decide about most of them. */
  #fetch(needs: readonly string[], size: number): object[] {
    const order = this.#query.end === 'newest' ? 'DESC' : 'ASC';
    const range: readonly Value[] = [this.#after, this.#before, size];
    if (needs.length === 0) {
      const sql = `SELECT id AS candidate, log, text FROM line WHERE id > ? AND id < ? ORDER BY id ${order} LIMIT ?`;
      return this.#tables.run(sql).all(...range);
    }
    const sql = `SELECT candidate, log, text FROM (SELECT rowid AS candidate FROM line_text WHERE line_text MATCH ?
      AND rowid > ? AND rowid < ? ORDER BY rowid ${order} LIMIT ?) LEFT JOIN line ON id = candidate
      ORDER BY candidate ${order}`;
    return this.#tables.run(sql).all(needs.join(' AND '), ...range);
  }

  #take(row: object): void {
    const candidate = integerOf(row, 'candidate');
    if (this.#query.end === 'newest') this.#before = candidate;
    else this.#after = candidate;
    const places = this.#places.get(nullableOf(row, 'log', integerOf) ?? 0);
    if (places === undefined || !matches(textOf(row, 'text'), this.#query.terms)) return;
    const whole = this.#tables.run('SELECT * FROM line WHERE id = ?').get(candidate);
    // A line that was taken back keeps its row, without a kind.
    if (whole === undefined || integerOf(whole, 'kind') === 0) return;
    const line = lineOf(whole);
    const place = isInTime(line, this.#query) ? places.find((one) => isWanted(line, one, this.#query)) : undefined;
    if (place !== undefined) this.#hits.push({ shelf: place.shelf, line });
  }

  /** Finds the ids between which all possible results are. Within a shelf, times do not go back. */
  #bound(after: Anchor | null, before: Anchor | null): void {
    const logs = [...this.#places.keys()];
    const ids = (sql: string, value: Value): number[] =>
      logs.flatMap((log) => {
        const row = this.#tables.run(sql).get(log, value);
        return row === undefined ? [] : [integerOf(row, 'id')];
      });
    if (after?.kind === 'id') this.#after = Math.max(0, ...ids(BY_MSGID, after.msgid));
    else if (after !== null) this.#after = Math.min(LAST_ID, ...ids(FIRST_AFTER, after.atMs)) - 1;
    if (before?.kind === 'id') this.#before = Math.max(0, ...ids(BY_MSGID, before.msgid));
    else if (before !== null) this.#before = Math.max(0, ...ids(LAST_BEFORE, before.atMs)) + 1;
  }
}

const BY_MSGID = 'SELECT id FROM line WHERE log = ? AND msgid = ?';
const FIRST_AFTER = 'SELECT id FROM line WHERE log = ? AND at_ms > ? ORDER BY at_ms, id LIMIT 1';
const LAST_BEFORE = 'SELECT id FROM line WHERE log = ? AND at_ms < ? ORDER BY at_ms DESC, id DESC LIMIT 1';

/** A text that is one token to the index. */
function quoted(token: string): string {
  return `"${token.replaceAll('"', '""')}"`;
}
