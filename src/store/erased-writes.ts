/** How it is noted that accounts are erased, until the rooms that belonged to them know it. */
import type { WritersOf } from './tasks.js';

export interface ErasedWrites {
  /** The rooms know of all that were noted. */
  readonly 'erased-done': object;
}

export const erasedWrites: WritersOf<ErasedWrites> = {
  'erased-done': (tables) => {
    tables.run("DELETE FROM fact WHERE name GLOB 'erased *'").run();
    return 0;
  },
};
