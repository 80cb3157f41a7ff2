/** A history in memory: the last lines of each shelf, within bounds. */
import { matches } from '../search/terms.js';
import type {
  Anchor,
  Conversations,
  History,
  Latest,
  LatestQuery,
  LineQuery,
  Page,
  Redaction,
  Shelves,
  Sight,
} from './history.js';
import type { Line, Shelf } from './line.js';
import { type LineDraft, lineOf, sourceLength } from './line-draft.js';
import { centred, latestOf } from './page.js';
import { type Found, type Hit, isInTime, isWanted, type SearchPlace, type SearchQuery } from './search-query.js';
import { isVisible } from './sight.js';

/** The bounds of a {@link MemoryHistory}; they can change while it is used. */
export interface MemoryHistoryLimits {
  /** The most lines of a shelf, at least 0. @defaultValue 1000 */
  readonly maxLines: number;
  /** The most bytes of all lines together, as an estimate, at least 0. @defaultValue 64 MiB */
  readonly maxBytes: number;
}

export const DEFAULT_MEMORY_HISTORY: MemoryHistoryLimits = { maxLines: 1000, maxBytes: 67_108_864 };

/** The most lines that one search compares, since the loop waits meanwhile. */
const MAX_COMPARED = 10_000;

/** The bytes of a line besides its texts. */
const LINE_BYTES = 200;

/** One line, with the state of its redaction. */
interface Entry {
  /** Its place among the lines of all shelves. */
  readonly n: number;
  line: Line | LineDraft;
  bytes: number;
  /** Whether it has been taken back: then the line has no words, and only its place is still known. */
  isTakenBack: boolean;
}

/** A range of places: the first, and the end, which is excluded. */
type Range = readonly [first: number, end: number];

/** The lines of one shelf, the oldest first. */
class ShelfLines {
  /** Whether a line has been added here lately. */
  isInUse = false;
  #entries: Entry[] = [];
  /** Entries before this one are gone: to shift an array of thousands for each line would take too long. */
  #first = 0;

  get size(): number {
    return this.#entries.length - this.#first;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** Drops the oldest line. @returns the number of bytes that this frees */
  shift(): number {
    const bytes = this.#entries[this.#first]?.bytes ?? 0;
    this.#first += 1;
    if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return bytes;
  }

  get oldestMs(): number {
    return this.#entries[this.#first]?.line.atMs ?? Infinity;
  }

  /** The bytes of all lines. */
  get bytes(): number {
    return this.#entries.slice(this.#first).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  find(msgid: string): Entry | undefined {
    const place = this.#placeOf(msgid);
    return place < 0 ? undefined : this.#entries[place];
  }

  #placeOf(msgid: string): number {
    // A requested message is more often than not a late one.
    for (let place = this.#entries.length - 1; place >= this.#first; place -= 1) {
      if (this.#entries[place]?.line.msgid === msgid) return place;
    }
    return -1;
  }

  /** Returns the place of the first line that is not before a time. */
  #placeAt(atMs: number): number {
    let [low, high] = [this.#first, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.line.atMs ?? 0) < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #after(anchor: Anchor | null): number {
    if (anchor === null) return this.#first;
    if (anchor.kind === 'time') return this.#placeAt(anchor.atMs + 1);
    const place = this.#placeOf(anchor.msgid);
    return place < 0 ? this.#first : place + 1;
  }

  #before(anchor: Anchor | null): number {
    if (anchor === null) return this.#entries.length;
    if (anchor.kind === 'time') return this.#placeAt(anchor.atMs);
    const place = this.#placeOf(anchor.msgid);
    return place < 0 ? this.#first : place;
  }

  page({ peer, range, limit, sight }: Omit<LineQuery, 'shelf'>): Page {
    if (range.kind === 'between') {
      const places: Range = [this.#after(range.after), this.#before(range.before)];
      return { kind: 'lines', lines: this.#take(places, range.end, limit, peer, sight) };
    }
    if (range.kind === 'span') {
      const { from, to } = range;
      const isForward = this.#before(from) <= this.#before(to);
      const [after, before] = isForward ? [from, to] : [to, from];
      const places: Range = [this.#after(after), this.#before(before)];
      return { kind: 'lines', lines: this.#take(places, isForward ? 'oldest' : 'newest', limit, peer, sight) };
    }
    const { anchor } = range;
    const place = anchor.kind === 'time' ? this.#placeAt(anchor.atMs) : this.#placeOf(anchor.msgid);
    if (place < 0) return { kind: 'unknown-message' };
    const older = this.#take([this.#first, place], 'newest', limit, peer, sight);
    const newer = this.#take([place, this.#entries.length], 'oldest', limit, peer, sight);
    return { kind: 'lines', lines: centred(older, newer, limit) };
  }

  #take([first, end]: Range, from: 'oldest' | 'newest', limit: number, peer: string | null, sight: Sight): Line[] {
    const found: Line[] = [];
    for (let count = 0; count < end - first && found.length < limit; count += 1) {
      const line = this.#lineAt(from === 'oldest' ? first + count : end - 1 - count);
      if (line !== null && (peer === null || line.peer === peer) && isVisible(line, sight)) found.push(line);
    }
    return from === 'oldest' ? found : found.reverse();
  }

  /** Returns the line at a place; null if there is none, or if it has been taken back. */
  #lineAt(place: number): Line | null {
    const entry = this.#entries[place];
    return entry === undefined || entry.isTakenBack ? null : finished(entry);
  }

  /**
   * Searches between two places among the lines of all shelves.
   *
   * @param most - the most lines that are compared
   */
  search(place: SearchPlace, query: SearchQuery, [after, before]: Range, most: number): PartFound {
    const hits: PartFound['hits'] = [];
    for (let count = 0; count < this.size && hits.length < query.limit; count += 1) {
      if (count === most) return { hits, isComplete: false };
      const entry = this.#entries[query.end === 'oldest' ? this.#first + count : this.#entries.length - 1 - count];
      if (entry === undefined || entry.n <= after || entry.n >= before) continue;
      // The text is compared first: a line that does not match need not be put together.
      if (entry.isTakenBack || !isInTime(entry.line, query) || !matches(entry.line.text, query.terms)) continue;
      const line = finished(entry);
      if (isWanted(line, place, query)) hits.push({ n: entry.n, hit: { shelf: place.shelf, line } });
    }
    return { hits, isComplete: true };
  }

  /** Returns the last visible line of each conversation of two. */
  lastOfPeers(sight: Sight): Line[] {
    const last = new Map<string, Line>();
    for (let place = this.#entries.length - 1; place >= this.#first; place -= 1) {
      const line = this.#lineAt(place);
      const peer = line?.peer ?? null;
      if (line === null || peer === null || last.has(peer) || !isVisible(line, sight)) continue;
      last.set(peer, line);
    }
    return [...last.values()];
  }
}

/** The result of a search on one shelf. */
interface PartFound {
  readonly hits: { readonly n: number; readonly hit: Hit }[];
  readonly isComplete: boolean;
}

const EVERYTHING = { kind: 'between', after: null, before: null, end: 'newest' } as const;

/** The last lines of all shelves. */
export class MemoryHistory implements History, Shelves {
  #limits: MemoryHistoryLimits;
  readonly #shelves = new Map<Shelf, ShelfLines>();
  /** The number of lines so far. */
  #lines = 0;
  #bytes = 0;

  constructor(limits: MemoryHistoryLimits = DEFAULT_MEMORY_HISTORY) {
    this.#limits = limits;
  }

  /** Applies other limits, also to existing lines. */
  configure(limits: MemoryHistoryLimits): void {
    this.#limits = limits;
    for (const [shelf, lines] of this.#shelves) {
      while (lines.size > limits.maxLines) this.#bytes -= lines.shift();
      if (lines.size === 0) this.#shelves.delete(shelf);
    }
    while (this.#bytes > limits.maxBytes) this.#dropOldest();
  }

  keeps(): boolean {
    return this.#limits.maxLines > 0;
  }

  record(shelf: Shelf, line: Line | LineDraft): void {
    const { maxLines, maxBytes } = this.#limits;
    if (maxLines === 0) return;
    let lines = this.#shelves.get(shelf);
    if (lines === undefined) {
      lines = new ShelfLines();
      this.#shelves.set(shelf, lines);
    }
    lines.isInUse = true;
    const bytes = weightOf(line);
    this.#lines += 1;
    lines.push({ n: this.#lines, line, bytes, isTakenBack: false });
    this.#bytes += bytes;
    while (lines.size > maxLines) this.#bytes -= lines.shift();
    while (this.#bytes > maxBytes) this.#dropOldest();
  }

  /**
   * Drops the first line of a shelf that has been quiet for long. To keep the shelves in the order of their use would
   * cost something with every line. Instead, each gets a second chance here if it has been used since the last one.
   */
  #dropOldest(): void {
    for (const [shelf, lines] of this.#shelves) {
      if (lines.isInUse) {
        lines.isInUse = false;
        this.#shelves.delete(shelf);
        this.#shelves.set(shelf, lines);
        continue;
      }
      this.#bytes -= lines.shift();
      if (lines.size === 0) this.#shelves.delete(shelf);
      return;
    }
  }

  redact({ shelves, msgid }: Pick<Redaction, 'shelves' | 'msgid'>): void {
    for (const shelf of shelves) {
      const entry = this.#shelves.get(shelf)?.find(msgid);
      if (entry === undefined) continue;
      this.#bytes -= entry.bytes;
      entry.isTakenBack = true;
      entry.line = { ...lineOf(entry.line), source: '', text: '', tags: [], object: null };
      entry.bytes = LINE_BYTES;
      this.#bytes += entry.bytes;
    }
  }

  clear(shelf: Shelf): void {
    this.#bytes -= this.#shelves.get(shelf)?.bytes ?? 0;
    this.#shelves.delete(shelf);
  }

  lines({ shelf, ...query }: LineQuery): Promise<Page> {
    return Promise.resolve((this.#shelves.get(shelf) ?? new ShelfLines()).page(query));
  }

  search(query: SearchQuery): Promise<Found> {
    const { places, after, before, end, limit } = query;
    const placeOf = (anchor: Anchor | null): number =>
      anchor?.kind === 'id' ? Math.max(0, ...places.map(({ shelf }) => this.#numberOf(shelf, anchor.msgid))) : NaN;
    const range: Range = [placeOf(after), placeOf(before)];
    const most = Math.ceil(MAX_COMPARED / places.length);
    const parts = places.map((place) => this.#shelves.get(place.shelf)?.search(place, query, range, most));
    const found = parts.flatMap((part) => part?.hits ?? []).sort((one, other) => one.n - other.n);
    const hits = (end === 'oldest' ? found.slice(0, limit) : found.slice(-limit)).map(({ hit }) => hit);
    return Promise.resolve({ kind: 'found', hits, isComplete: parts.every((part) => part?.isComplete !== false) });
  }

  timeOf(shelves: readonly Shelf[], msgid: string): Promise<number | null> {
    const found = shelves.map((shelf) => this.#shelves.get(shelf)?.find(msgid)?.line.atMs);
    return Promise.resolve(found.find((atMs) => atMs !== undefined) ?? null);
  }

  #numberOf(shelf: Shelf, msgid: string): number {
    return this.#shelves.get(shelf)?.find(msgid)?.n ?? 0;
  }

  latest(query: LatestQuery): Promise<Conversations> {
    const found: Latest[] = [];
    for (const { shelf, sight } of query.rooms) {
      const page = this.#shelves.get(shelf)?.page({ peer: null, range: EVERYTHING, limit: 1, sight });
      if (page?.kind === 'lines') for (const line of page.lines) found.push({ shelf, line });
    }
    if (query.people !== null) {
      const { shelf, sight } = query.people;
      for (const line of this.#shelves.get(shelf)?.lastOfPeers(sight) ?? []) found.push({ shelf, line });
    }
    const within = found.filter(({ line: { atMs } }) => atMs > query.afterMs && atMs < query.beforeMs);
    return Promise.resolve({ kind: 'latest', latest: latestOf(within, query) });
  }
}

/** Returns the line of an entry, which is put together only once. */
function finished(entry: Entry): Line {
  const line = lineOf(entry.line);
  entry.line = line;
  return line;
}

function weightOf(line: Line | LineDraft): number {
  const { text, target, msgid, tags } = line;
  let bytes = LINE_BYTES + 2 * (text.length + sourceLength(line) + target.length + msgid.length);
  for (const [name, value] of tags) bytes += LINE_BYTES + 2 * (name.length + value.length);
  return bytes;
}
