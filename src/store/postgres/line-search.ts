/** Searches among lines in PostgreSQL: the index finds candidates, and each is compared with the query. */
import type { Anchor } from '../../history/history.js';
import {
  type Found,
  type Hit,
  isInTime,
  isWanted,
  type SearchPlace,
  type SearchQuery,
} from '../../history/search-query.js';
import { needsOf } from '../../search/grams.js';
import { matches } from '../../search/terms.js';
import { integerOf, nullableOf, textOf } from '../columns.js';
import { speakerToken } from '../line-index.js';
import { lineOf } from '../line-reads.js';
import type { Parameter } from './driver.js';
import { LINE_COLUMNS } from './line-columns.js';
import type { Run } from './link.js';

/** The most lines that a search looks at. */
const MAX_CANDIDATES = 100_000;
/** How many candidates are fetched at once: first, and at most. */
const FIRST_CANDIDATES = 100;
const MOST_CANDIDATES = 2_000;

const LAST_ID = Number.MAX_SAFE_INTEGER;

/** Carries out a search. @throws errors of the database */
export async function searchLines(run: Run, query: SearchQuery): Promise<Found> {
  const places = new Map<number, SearchPlace[]>();
  const shelves = query.places.map(({ shelf }) => shelf);
  for (const row of await run({ text: 'SELECT id, name FROM log WHERE name = ANY($1)', values: [shelves] })) {
    const name = textOf(row, 'name');
    places.set(
      integerOf(row, 'id'),
      query.places.filter(({ shelf }) => shelf === name),
    );
  }
  if (places.size === 0) return { kind: 'found', hits: [], isComplete: true };
  return new Search(run, query, places).run();
}

/** One search. */
class Search {
  readonly #run: Run;
  readonly #query: SearchQuery;
  /** By the rows of their shelves in the table `log`. */
  readonly #places: ReadonlyMap<number, readonly SearchPlace[]>;
  /** Between which ids candidates are left, both exclusive. */
  #after = 0;
  #before = LAST_ID;
  readonly #hits: Hit[] = [];

  constructor(run: Run, query: SearchQuery, places: ReadonlyMap<number, readonly SearchPlace[]>) {
    this.#run = run;
    this.#query = query;
    this.#places = places;
  }

  async run(): Promise<Found> {
    await this.#bound();
    const { terms, from, end } = this.#query;
    const needs = [...needsOf(terms).grams, ...(from === null ? [] : [speakerToken(from)])];
    const isComplete = await this.#examine(needs);
    return { kind: 'found', hits: end === 'newest' ? this.#hits.reverse() : this.#hits, isComplete };
  }

  /**
   * Compares candidates with the query, starting at one end.
   *
   * @param needs - the terms that each of them has in the index; empty for all lines
   * @returns whether it has found all that there is, or as much as is wanted
   */
  async #examine(needs: readonly string[]): Promise<boolean> {
    let size = FIRST_CANDIDATES;
    for (let left = MAX_CANDIDATES; left > 0; left -= size, size = Math.min(2 * size, MOST_CANDIDATES)) {
      size = Math.min(size, left);
      const rows = await this.#fetch(needs, size);
      for (const row of rows) {
        this.#take(row);
        if (this.#hits.length === this.#query.limit) return true;
      }
      if (rows.length < size) return true;
    }
    return false;
  }

  #fetch(needs: readonly string[], size: number): Promise<readonly object[]> {
    const order = this.#query.end === 'newest' ? 'DESC' : 'ASC';
    const values: Parameter[] = [[...this.#places.keys()], this.#after, this.#before, size];
    if (needs.length > 0) values.push(needs);
    return this.#run({
      text: `SELECT ${LINE_COLUMNS} FROM line WHERE log = ANY($1) AND id > $2 AND id < $3 AND kind > 0
        ${needs.length > 0 ? 'AND grams @> $5' : ''} ORDER BY id ${order} LIMIT $4`,
      values,
    });
  }

  #take(row: object): void {
    const candidate = integerOf(row, 'id');
    if (this.#query.end === 'newest') this.#before = candidate;
    else this.#after = candidate;
    const places = this.#places.get(integerOf(row, 'log')) ?? [];
    if (!matches(textOf(row, 'text'), this.#query.terms)) return;
    const line = lineOf(row);
    const place = isInTime(line, this.#query) ? places.find((one) => isWanted(line, one, this.#query)) : undefined;
    if (place !== undefined) this.#hits.push({ shelf: place.shelf, line });
  }

  /** Finds the ids between which all possible results are. Within a shelf, times do not go back. */
  async #bound(): Promise<void> {
    const { after, before } = this.#query;
    if (after !== null) this.#after = await this.#idAt(after, 'max(id)', 'min(id) - 1', '>', 0, LAST_ID);
    if (before !== null) this.#before = await this.#idAt(before, 'max(id)', 'max(id) + 1', '<', 0, 0);
  }

  /** Returns the id of a bound; `unknown` or `none` if no line is there. */
  async #idAt(
    anchor: Anchor,
    ofMessage: string,
    ofTime: string,
    operator: '<' | '>',
    unknown: number,
    none: number,
  ): Promise<number> {
    const logs = [...this.#places.keys()];
    const isId = anchor.kind === 'id';
    const [row = {}] = await this.#run({
      text: `SELECT ${isId ? ofMessage : ofTime} AS bound FROM line
        WHERE log = ANY($1) AND ${isId ? 'msgid = $2' : `at_ms ${operator} $2`}`,
      values: [logs, isId ? anchor.msgid : anchor.atMs],
    });
    return nullableOf(row, 'bound', integerOf) ?? (isId ? unknown : none);
  }
}
