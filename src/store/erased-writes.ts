/** How it is noted that accounts are erased, until the rooms that belonged to them know it. */
import type { WritersOf } from './tasks.js';

export interface ErasedWrites {
  /** The rooms know of these. */
  readonly 'erased-done': { readonly accounts: readonly string[] };
}

export const erasedWrites: WritersOf<ErasedWrites> = {
  'erased-done': (tables, { accounts }) => {
    for (const account of accounts) {
      tables.run("DELETE FROM fact WHERE name GLOB 'erased *' AND value = ?").run(account);
    }
    return 0;
  },
};
