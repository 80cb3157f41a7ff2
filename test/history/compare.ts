/** Histories beside a list of lines that is searched from end to end. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { History } from '../../src/history/history.js';
import type { Line, Shelf } from '../../src/history/line.js';
import type { StoreAccess } from '../../src/store/store-access.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { Model, period, PERSON, question, ROOMS, said, search } from './model.js';

const asked = fc.record({
  lines: said,
  questions: fc.array(question, { minLength: 5, maxLength: 12 }),
  periods: fc.array(period, { minLength: 1, maxLength: 3 }),
  searches: fc.array(search, { minLength: 3, maxLength: 8 }),
});

/** Who asks. */
export const BY = 's:a.1.1';

/** Makes a history of lines. */
type Maker = (
  lines: readonly { readonly shelf: Shelf; readonly line: Line; readonly isTakenBack: boolean }[],
) => History;

/** Compares the answers of histories with those of lists. */
export async function compare(make: Maker, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(asked, async ({ lines, questions, periods, searches }) => {
      const history = make(lines);
      const model = new Model(lines);
      for (const query of questions) expect(await history.lines(query)).toEqual(model.lines(query));
      for (const query of periods) expect(await history.latest(query)).toEqual(model.latest(query));
      for (const query of searches) expect(await history.search(query, BY)).toEqual(model.search(query));
    }),
    { numRuns },
  );
}

/** Compares a history in a store. Each run has shelves of its own. */
export async function compareStored(store: StoreAccess, numRuns: number): Promise<void> {
  let run = 0;
  await compare((lines) => {
    run += 1;
    const history = new StoredHistory(store);
    const here = (shelf: Shelf): Shelf => `${shelf} ${run}`;
    for (const { shelf, line } of lines) history.record(here(shelf), line);
    for (const { shelf, line, isTakenBack } of lines) {
      const { msgid, seq, part } = line;
      if (isTakenBack) history.redact({ shelves: [here(shelf)], msgid, log: shelf, seq, part });
    }
    const there = new Map<Shelf, Shelf>([...ROOMS, PERSON].map((shelf) => [here(shelf), shelf]));
    const moved = <T extends { readonly shelf: Shelf }>(asked: T): T => ({ ...asked, shelf: here(asked.shelf) });
    return {
      lines: (query) => history.lines(moved(query)),
      timeOf: (shelves, msgid) => history.timeOf(shelves.map(here), msgid),
      search: async (query) => {
        const found = await history.search({ ...query, places: query.places.map(moved) });
        if (found.kind !== 'found') return found;
        return { ...found, hits: found.hits.map(({ shelf, line }) => ({ shelf: there.get(shelf) ?? shelf, line })) };
      },
      latest: async (query) => {
        const people = query.people === null ? null : moved(query.people);
        const found = await history.latest({ ...query, rooms: query.rooms.map(moved), people });
        if (found.kind !== 'latest') return found;
        const latest = found.latest.map(({ shelf, line }) => ({ shelf: there.get(shelf) ?? shelf, line }));
        return { kind: 'latest', latest };
      },
    };
  }, numRuns);
}
