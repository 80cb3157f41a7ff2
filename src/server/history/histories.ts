/** The histories of one server: what outlives it is in its store, everything else in memory. */
import type {
  Anchor,
  Conversations,
  History,
  LatestQuery,
  LineQuery,
  Page,
  Redaction,
  Shelves,
} from '../../history/history.js';
import type { Line, Shelf } from '../../history/line.js';
import type { LineDraft } from '../../history/line-draft.js';
import { MemoryHistory, type MemoryHistoryLimits } from '../../history/memory-history.js';
import { latestOf } from '../../history/page.js';
import type { Found, Hit, SearchQuery } from '../../history/search-query.js';
import { SearchTurns } from './search-turns.js';

/** A history that outlives the server. */
export interface KeptHistory extends History, Shelves {
  search(query: SearchQuery): Promise<Found>;
}

/** Each shelf is in one history. */
export class Histories implements History, Shelves {
  readonly #memory: MemoryHistory;
  readonly #kept: KeptHistory | null;
  readonly #turns = new SearchTurns();

  constructor(limits: MemoryHistoryLimits, kept: KeptHistory | null) {
    this.#memory = new MemoryHistory(limits);
    this.#kept = kept;
  }

  configure(limits: MemoryHistoryLimits): void {
    this.#memory.configure(limits);
  }

  keeps(shelf: Shelf): boolean {
    return this.#keeperOf(shelf) !== null || this.#memory.keeps();
  }

  record(shelf: Shelf, line: Line | LineDraft): void {
    (this.#keeperOf(shelf) ?? this.#memory).record(shelf, line);
  }

  redact(redaction: Redaction): void {
    this.#memory.redact(redaction);
    const shelves = redaction.shelves.filter((shelf) => this.#keeperOf(shelf) !== null);
    if (shelves.length > 0) this.#kept?.redact({ ...redaction, shelves });
  }

  clear(shelf: Shelf): void {
    (this.#keeperOf(shelf) ?? this.#memory).clear(shelf);
  }

  lines(query: LineQuery): Promise<Page> {
    return (this.#keeperOf(query.shelf) ?? this.#memory).lines(query);
  }

  async latest(query: LatestQuery): Promise<Conversations> {
    const parts = [this.#latestOf(this.#memory, query, false)];
    if (this.#kept !== null) parts.push(this.#latestOf(this.#kept, query, true));
    const found = await Promise.all(parts);
    if (found.some(({ kind }) => kind === 'unavailable')) return { kind: 'unavailable' };
    const latest = found.flatMap((part) => (part.kind === 'latest' ? part.latest : []));
    return { kind: 'latest', latest: latestOf(latest, query) };
  }

  /** A search in memory is over at once; those in the store take turns. */
  async search(query: SearchQuery, by: Shelf): Promise<Found> {
    const placesOf = (isKept: boolean): SearchQuery['places'] =>
      query.places.filter(({ shelf }) => (this.#keeperOf(shelf) !== null) === isKept);
    const [inMemory, inStore] = [placesOf(false), placesOf(true)];
    const kept = this.#kept;
    if (kept === null || inStore.length === 0) return this.#memory.search(query);
    return this.#turns.take(by, () =>
      inMemory.length === 0 ? kept.search(query) : this.#searchBoth(kept, query, inMemory, inStore),
    );
  }

  async #searchBoth(
    kept: KeptHistory,
    query: SearchQuery,
    inMemory: SearchQuery['places'],
    inStore: SearchQuery['places'],
  ): Promise<Found> {
    const parts = await Promise.all([
      this.#memory.search({ ...query, places: inMemory, ...(await anchorsFrom(kept, inStore, query, 1)) }),
      kept.search({ ...query, places: inStore, ...(await anchorsFrom(this.#memory, inMemory, query, 0)) }),
    ]);
    const hits: Hit[] = [];
    for (const part of parts) {
      if (part.kind !== 'found') return part;
      hits.push(...part.hits);
    }
    // Of one time, those in memory are the older ones.
    hits.sort((one, other) => one.line.atMs - other.line.atMs);
    const wanted = query.end === 'oldest' ? hits.slice(0, query.limit) : hits.slice(-query.limit);
    return { kind: 'found', hits: wanted, isComplete: parts.every((part) => part.kind === 'found' && part.isComplete) };
  }

  async timeOf(shelves: readonly Shelf[], msgid: string): Promise<number | null> {
    return (await this.#memory.timeOf(shelves, msgid)) ?? (await this.#kept?.timeOf(shelves, msgid)) ?? null;
  }

  #latestOf(history: History, query: LatestQuery, isKept: boolean): Promise<Conversations> {
    const isThere = ({ shelf }: { readonly shelf: Shelf }): boolean => (this.#keeperOf(shelf) !== null) === isKept;
    const people = query.people !== null && isThere(query.people) ? query.people : null;
    return history.latest({ ...query, rooms: query.rooms.filter(isThere), people });
  }

  #keeperOf(shelf: Shelf): KeptHistory | null {
    return this.#kept?.keeps(shelf) === true ? this.#kept : null;
  }
}

/**
 * Returns the bounds of a search as another history knows them: a message that is there is a time here.
 *
 * @param sameMs - 1 if lines of that very time come before the message, 0 if they come after it
 */
async function anchorsFrom(
  other: History,
  places: SearchQuery['places'],
  { after, before }: SearchQuery,
  sameMs: 0 | 1,
): Promise<Pick<SearchQuery, 'after' | 'before'>> {
  const shelves = places.map(({ shelf }) => shelf);
  const timed = async (anchor: Anchor | null, shiftMs: number): Promise<Anchor | null> => {
    const atMs = anchor?.kind === 'id' ? await other.timeOf(shelves, anchor.msgid) : null;
    return atMs === null ? anchor : { kind: 'time', atMs: atMs + shiftMs };
  };
  return { after: await timed(after, sameMs - 1), before: await timed(before, sameMs) };
}
