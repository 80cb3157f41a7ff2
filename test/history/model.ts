/** Histories against a list of lines that is searched from end to end. */
import fc from 'fast-check';
import type {
  Anchor,
  Conversations,
  Latest,
  LatestQuery,
  LineQuery,
  LineRange,
  Page,
  Sight,
} from '../../src/history/history.js';
import { isEvent, type Line, LINE_KINDS, type Shelf } from '../../src/history/line.js';
import type { Found, SearchQuery } from '../../src/history/search-query.js';
import { placeOf } from '../../src/log/place.js';

export const ROOMS: readonly Shelf[] = ['r:#a', 'r:#b'];
export const PERSON: Shelf = 'a:ann';
const PEERS = ['bob', 'cid', 'dan'];
const SOURCES = ['ann!a@h', 'bob!b@h', ''];

/** A line with its shelf. */
export interface Shelved {
  readonly shelf: Shelf;
  readonly line: Line;
}

const drawn = fc.record({
  place: fc.constantFrom<readonly [Shelf, string | null]>(
    ...ROOMS.map((room) => [room, null] as const),
    ...PEERS.map((peer) => [PERSON, peer] as const),
  ),
  passedMs: fc.constantFrom(0, 0, 1, 5),
  kind: fc.constantFrom(...LINE_KINDS, 'message' as const, 'message' as const, 'notice' as const),
  source: fc.constantFrom(...SOURCES),
  account: fc.constantFrom('ann', null),
  ranks: fc.constantFrom(0, 0, 0, 1, 4, 6),
  text: fc.constantFrom('', 'hello', 'Hello C++', '你好\nworld', '你们好 hel'),
  tags: fc.constantFrom([], [['react', '😀'] as const]),
  isTakenBack: fc.constantFrom(false, false, false, false, true),
});

/** Lines in the order in which they are said, and which of them are taken back in the end. */
export const said = fc.array(drawn, { minLength: 1, maxLength: 60, size: 'max' }).map((facts) => {
  let atMs = 1000;
  return facts.map(({ place: [shelf, peer], passedMs, isTakenBack, ...rest }, index) => {
    atMs += passedMs;
    const msgid = `x-${index}`;
    const line: Line = {
      seq: placeOf(msgid).seq,
      part: 0,
      atMs,
      msgid,
      peer,
      target: '#a',
      object: null,
      bits: 0,
      ...rest,
    };
    return { shelf, line, isTakenBack };
  });
});

const anchor = fc.oneof(
  fc.record({ kind: fc.constant('id' as const), msgid: fc.nat(62).map((index) => `x-${index}`) }),
  fc.record({ kind: fc.constant('time' as const), atMs: fc.integer({ min: 995, max: 1100 }) }),
);
const end = fc.constantFrom('oldest' as const, 'newest' as const);
const range: fc.Arbitrary<LineRange> = fc.oneof(
  fc.record({
    kind: fc.constant('between' as const),
    after: fc.option(anchor),
    before: fc.option(anchor),
    end,
  }),
  fc.record({ kind: fc.constant('span' as const), from: anchor, to: anchor }),
  fc.record({ kind: fc.constant('around' as const), anchor }),
);
const sight: fc.Arbitrary<Sight> = fc.record({
  hasEvents: fc.boolean(),
  ranks: fc.constantFrom(0, 1, 2, 4, 16),
  source: fc.constantFrom('ann!a@h', 'zoe!z@h', ''),
  sinceMs: fc.constantFrom(0, 0, 0, 1010, 1040),
});
const limit = fc.integer({ min: 1, max: 12 });

export const question: fc.Arbitrary<LineQuery> = fc.oneof(
  fc.record({ shelf: fc.constantFrom(...ROOMS), peer: fc.constant(null), range, limit, sight }),
  fc.record({ shelf: fc.constant(PERSON), peer: fc.constantFrom(...PEERS, 'eve', null), range, limit, sight }),
  fc.record({ shelf: fc.constant('r:#nowhere' as const), peer: fc.constant(null), range, limit, sight }),
);

export const period: fc.Arbitrary<LatestQuery> = fc.record({
  rooms: sight.map((seen) => ROOMS.map((shelf) => ({ shelf, sight: seen }))),
  people: fc.option(sight.map((seen) => ({ shelf: PERSON, sight: seen }))),
  afterMs: fc.integer({ min: 995, max: 1060 }),
  beforeMs: fc.integer({ min: 1000, max: 1200 }),
  end,
  limit,
});

export const search: fc.Arbitrary<SearchQuery> = fc.record({
  places: fc
    .uniqueArray(
      fc.record({
        place: fc.constantFrom<readonly [Shelf, string | null]>(
          ...ROOMS.map((room) => [room, null] as const),
          [PERSON, 'bob'],
          [PERSON, 'cid'],
          ['r:#nowhere', null],
        ),
        sight,
      }),
      { selector: ({ place }) => place.join(), minLength: 1, maxLength: 4 },
    )
    .map((places) => places.map(({ place: [shelf, peer], sight: seen }) => ({ shelf, peer, sight: seen }))),
  terms: fc.constantFrom<string[][]>([], [], ['hel'], ['h'], ['好'], ['你好', 'hel'], ['c++']),
  from: fc.constantFrom(null, null, null, 'ann', 'bob'),
  after: fc.option(anchor, { freq: 2 }),
  before: fc.option(anchor, { freq: 2 }),
  end,
  limit,
});

/** The model. */
export class Model {
  readonly #all: readonly (Shelved & { readonly isTakenBack: boolean })[];

  constructor(all: readonly (Shelved & { readonly isTakenBack: boolean })[]) {
    this.#all = all;
  }

  #visible(shelf: Shelf, peer: string | null, seen: Sight): { readonly line: Line; readonly index: number }[] {
    return this.#all.flatMap(({ shelf: on, line, isTakenBack }, index) => {
      const isFor = line.ranks === 0 || lowest(line.ranks) <= seen.ranks;
      const isOwn = line.source !== '' && line.source === seen.source;
      const isShown =
        !isTakenBack && on === shelf && (peer === null || line.peer === peer) && line.atMs >= seen.sinceMs;
      return isShown && (seen.hasEvents || !isEvent(line.kind)) && (isFor || isOwn) ? [{ line, index }] : [];
    });
  }

  /** Whether the line with an index is after or before an anchor, or at it; null if there is no such message. */
  #side(shelf: Shelf, place: Anchor): ((index: number) => number) | null {
    if (place.kind === 'time') return (index) => (this.#all[index]?.line.atMs ?? 0) - place.atMs;
    const at = this.#all.findIndex(({ shelf: on, line }) => on === shelf && line.msgid === place.msgid);
    return at < 0 ? null : (index) => index - at;
  }

  /** How many lines stand before an anchor. */
  #start(shelf: Shelf, place: Anchor): number {
    const side = this.#side(shelf, place);
    return side === null ? -1 : this.#all.filter(({ shelf: on }, index) => on === shelf && side(index) < 0).length;
  }

  lines(query: LineQuery): Page {
    const { shelf, peer, range: wanted, limit: most, sight: seen } = query;
    const visible = this.#visible(shelf, peer, seen);
    if (wanted.kind === 'around') {
      const side = this.#side(shelf, wanted.anchor);
      if (side === null) return { kind: 'unknown-message' };
      const first = visible.findIndex(({ index }) => side(index) >= 0);
      const pivot = first < 0 ? visible.length : first;
      let start = Math.max(0, pivot - Math.floor(most / 2));
      start = Math.max(0, Math.min(start, visible.length - most));
      return { kind: 'lines', lines: visible.slice(start, start + most).map(({ line }) => line) };
    }
    if (wanted.kind === 'span') {
      const { from, to } = wanted;
      const isForward = this.#start(shelf, from) <= this.#start(shelf, to);
      const [after, before] = isForward ? [from, to] : [to, from];
      const end = isForward ? 'oldest' : 'newest';
      return this.lines({ ...query, range: { kind: 'between', after, before, end } });
    }
    const after = wanted.after === null ? null : this.#side(shelf, wanted.after);
    const before = wanted.before === null ? null : this.#side(shelf, wanted.before);
    const within = visible.filter(
      ({ index }) =>
        (after === null || after(index) > 0) && (wanted.before === null || (before !== null && before(index) < 0)),
    );
    const page = wanted.end === 'oldest' ? within.slice(0, most) : within.slice(-most);
    return { kind: 'lines', lines: page.map(({ line }) => line) };
  }

  search({ places, terms, from, after, before, end: side, limit: most }: SearchQuery): Found {
    const shelves = places.map(({ shelf }) => shelf);
    const indexOf = (msgid: string): number =>
      this.#all.findIndex(({ shelf, line }) => shelves.includes(shelf) && line.msgid === msgid);
    const isAfter = (anchored: Anchor, index: number): boolean =>
      anchored.kind === 'time' ? (this.#all[index]?.line.atMs ?? 0) > anchored.atMs : index > indexOf(anchored.msgid);
    const isBefore = (anchored: Anchor, index: number): boolean =>
      anchored.kind === 'time' ? (this.#all[index]?.line.atMs ?? 0) < anchored.atMs : index < indexOf(anchored.msgid);
    const found = places
      .flatMap(({ shelf, peer, sight: seen }) =>
        this.#visible(shelf, peer, { ...seen, hasEvents: false }).map(({ line, index }) => ({
          index,
          hit: { shelf, line },
        })),
      )
      .filter(({ index, hit: { line } }) => {
        const text = line.text.toLowerCase();
        const isSaidBy = from === null || line.source.startsWith(`${from}!`);
        const isBetween = (after === null || isAfter(after, index)) && (before === null || isBefore(before, index));
        return isSaidBy && isBetween && terms.every((term) => text.includes(term));
      })
      .sort((one, other) => one.index - other.index)
      .map(({ hit }) => hit);
    return { kind: 'found', hits: side === 'oldest' ? found.slice(0, most) : found.slice(-most), isComplete: true };
  }

  latest({ rooms, people, afterMs, beforeMs, end: from, limit: most }: LatestQuery): Conversations {
    const asked = [
      ...rooms.map((room) => ({ ...room, peer: null })),
      ...(people === null ? [] : PEERS.map((peer) => ({ ...people, peer }))),
    ];
    const last = asked.flatMap(({ shelf, peer, sight: seen }): Latest[] => {
      const line = this.#visible(shelf, peer, seen).at(-1)?.line;
      return line !== undefined && line.atMs > afterMs && line.atMs < beforeMs ? [{ shelf, line }] : [];
    });
    // Of one time, people come before rooms, and both in the order of their names.
    const name = ({ shelf, line }: Latest): string => shelf + (line.peer ?? '');
    last.sort((one, other) => one.line.atMs - other.line.atMs || (name(one) < name(other) ? -1 : 1));
    return { kind: 'latest', latest: from === 'oldest' ? last.slice(0, most) : last.slice(-most) };
  }
}

function lowest(ranks: number): number {
  return [1, 2, 4, 8, 16].find((bit) => (ranks & bit) > 0) ?? 0;
}
