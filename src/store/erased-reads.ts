/** The erased accounts whose rooms may not know of the erasure. */
import { textOf } from './columns.js';
import type { ReadersOf } from './tasks.js';

export interface ErasedReads {
  /** The names of the accounts. */
  readonly erased: { readonly ask: null; readonly answer: readonly string[] };
}

export const erasedReads: ReadersOf<ErasedReads> = {
  erased: (tables) => {
    const rows = tables.run("SELECT value FROM fact WHERE name GLOB 'erased *'").all();
    return rows.map((row) => textOf(row, 'value'));
  },
};
