/** How openings of the store are counted. */
import { textOf } from './columns.js';
import type { WritersOf } from './tasks.js';

export interface RunWrites {
  /** Counts one more opening, of a server that begins again without reopening the store; its number. */
  readonly run: object;
}

export const runWrites: WritersOf<RunWrites> = {
  run: (tables) => {
    const row = tables.run("UPDATE fact SET value = value + 1 WHERE name = 'run' RETURNING value").get();
    return Number(textOf(row ?? {}, 'value'));
  },
};
