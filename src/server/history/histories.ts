/** The histories of one server: what outlives it is in its store, everything else in memory. */
import type {
  Conversations,
  History,
  LatestQuery,
  LineQuery,
  Page,
  Redaction,
  Shelves,
} from '../../history/history.js';
import type { Line, Shelf } from '../../history/line.js';
import { MemoryHistory, type MemoryHistoryLimits } from '../../history/memory-history.js';
import { latestOf } from '../../history/page.js';
import type { Found, Hit, SearchQuery } from '../../history/search-query.js';

/** A history that outlives the server. */
export interface KeptHistory extends History, Shelves {
  /** Whether it keeps a shelf. */
  keeps(shelf: Shelf): boolean;
}

/** Each shelf is in one history. */
export class Histories implements History, Shelves {
  readonly #memory: MemoryHistory;
  readonly #kept: KeptHistory | null;

  constructor(limits: MemoryHistoryLimits, kept: KeptHistory | null) {
    this.#memory = new MemoryHistory(limits);
    this.#kept = kept;
  }

  configure(limits: MemoryHistoryLimits): void {
    this.#memory.limits = limits;
  }

  record(shelf: Shelf, line: Line): void {
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

  async search(query: SearchQuery): Promise<Found> {
    const places = (isKept: boolean): SearchQuery['places'] =>
      query.places.filter(({ shelf }) => (this.#keeperOf(shelf) !== null) === isKept);
    const parts = [this.#memory.search({ ...query, places: places(false) })];
    if (this.#kept !== null) parts.push(this.#kept.search({ ...query, places: places(true) }));
    const hits: Hit[] = [];
    let isComplete = true;
    for (const part of await Promise.all(parts)) {
      if (part.kind === 'unavailable') return part;
      hits.push(...part.hits);
      isComplete &&= part.isComplete;
    }
    hits.sort((one, other) => one.line.atMs - other.line.atMs);
    const wanted = query.end === 'oldest' ? hits.slice(0, query.limit) : hits.slice(-query.limit);
    return { kind: 'found', hits: wanted, isComplete };
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
