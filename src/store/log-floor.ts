/** The number behind which a log begins that has lost its row. */
import { integerOf, textOf } from './columns.js';
import type { Tables } from './tables.js';

/**
 * Returns the highest number of a pack in all logs that have been removed. A log that is made anew may be one of them,
 * and numbers never repeat, because the ids of messages contain them.
 */
export function floorOf(tables: Tables): number {
  const row = tables.run("SELECT value FROM fact WHERE name = 'floor'").get();
  return row === undefined ? 0 : Number(textOf(row, 'value'));
}

/** The condition that nothing is kept of a log but its name and its number. */
export const IS_EMPTY = `kept IS NULL AND NOT EXISTS(SELECT 1 FROM pack WHERE pack.log = log.id)
  AND NOT EXISTS(SELECT 1 FROM line WHERE line.log = log.id)`;

/** Removes logs of which nothing is kept; others stay. @returns how many it has removed */
export function removeLogs(tables: Tables, names: readonly string[]): number {
  const remove = tables.run(`DELETE FROM log WHERE name = ? AND ${IS_EMPTY} RETURNING top`);
  let count = 0;
  let highest = 0;
  for (const name of names) {
    const row = remove.get(name);
    if (row === undefined) continue;
    tables.forgetLog(name);
    count += 1;
    highest = Math.max(highest, integerOf(row, 'top'));
  }
  if (highest > floorOf(tables)) {
    tables.run("INSERT OR REPLACE INTO fact(name, value) VALUES('floor', ?)").run(String(highest));
  }
  return count;
}
