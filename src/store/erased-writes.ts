/** The notes about erased accounts, which stay until the rooms that belonged to them know of the erasure. */
import type { WritersOf } from './tasks.js';

export interface ErasedWrites {
  /** The rooms know of these erasures. */
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
