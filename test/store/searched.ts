/** A file of lines with their index, without the threads of a store. */
import type { Line, Shelf } from '../../src/history/line.js';
import type { Found, Hit, SearchQuery } from '../../src/history/search-query.js';
import { findEngine } from '../../src/store/engine.js';
import { indexMoreLines } from '../../src/store/line-index.js';
import { searchReads } from '../../src/store/line-search.js';
import { lineWrites } from '../../src/store/line-writes.js';
import { migrate } from '../../src/store/migrations.js';
import { Tables } from '../../src/store/tables.js';

export const ROOMS: readonly Shelf[] = Array.from({ length: 10 }, (_, index): Shelf => `r:#room${index}`);

/** Somebody who may see all of a room. */
export const HERE = {
  peer: null,
  sight: { hasEvents: false, ranks: 0, source: 'ann!a@host', sinceMs: 0 },
} as const;

/** When the first line is said; the others follow each second. */
export const START_MS = 1_700_000_000_000;

/** Some lines, and how they are searched. */
export interface Searched {
  readonly lines: readonly Hit[];
  readonly tables: Tables;
  /** Puts a line on its shelf; by default somebody says it in one of the rooms. */
  add(line: Partial<Line> & { readonly shelf?: Shelf }): Hit;
  search(query: Partial<SearchQuery>): Found;
  close(): void;
}

export async function searched(path = ':memory:'): Promise<Searched> {
  const connection = (await findEngine()).open(path, { isReadOnly: false, timeoutMs: 0 });
  migrate(connection);
  const tables = new Tables(connection);
  const lines: Hit[] = [];
  return {
    lines,
    tables,
    add: ({ shelf, ...parts }) => {
      const n = lines.length;
      const hit: Hit = {
        shelf: shelf ?? ROOMS[n % ROOMS.length] ?? 'r:#room',
        line: {
          seq: n,
          part: 0,
          atMs: START_MS + n * 1000,
          kind: 'message',
          msgid: `id-${n}`,
          peer: null,
          source: `nick${n % 7}!user@host`,
          account: null,
          target: '#room',
          ranks: 0,
          text: '',
          tags: [],
          object: null,
          bits: 0,
          ...parts,
        },
      };
      lineWrites.line(tables, hit);
      tables.finish();
      lines.push(hit);
      return hit;
    },
    search: (query) => {
      indexMoreLines(tables, Infinity);
      return searchReads.search(tables, {
        places: ROOMS.map((shelf) => ({ ...HERE, shelf })),
        terms: [],
        from: null,
        after: null,
        before: null,
        end: 'newest',
        limit: 50,
        ...query,
      });
    },
    close: () => {
      connection.close();
    },
  };
}

export function idsOf(found: Found): string[] {
  return found.kind === 'found' ? found.hits.map(({ line }) => line.msgid) : [found.kind];
}
