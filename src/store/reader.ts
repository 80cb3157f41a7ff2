/** What is asked of the tables of the store. */
import { bytesOf, integerOf, nullableOf, textOf } from './columns.js';
import type { Connection } from './engine.js';
import type { Jobs, LogEnds, Page, StoredBan, StoredState } from './tasks.js';

/** Returns the ends of all logs. */
export function readEnds(connection: Connection): LogEnds[] {
  const rows = connection.prepare('SELECT name, first, top FROM log').all();
  return rows.map((row) => ({ log: textOf(row, 'name'), first: integerOf(row, 'first'), top: integerOf(row, 'top') }));
}

/** Returns packs, and the ends of their log, as they are at one moment: it is one statement. */
export function readPacks(connection: Connection, { log, after, maxPacks }: Jobs['packs']['ask']): Page {
  const rows = connection
    .prepare(
      `SELECT first, top, seq, body FROM log LEFT JOIN pack ON pack.log = log.id AND seq > ?
       WHERE name = ? ORDER BY seq LIMIT ?`,
    )
    .all(after, log, maxPacks);
  const [ends] = rows;
  if (ends === undefined) return { packs: [], first: 1, top: 0 };
  return {
    packs: rows
      .filter((row) => Reflect.get(row, 'seq') !== null)
      .map((row) => ({ seq: integerOf(row, 'seq'), body: bytesOf(row, 'body') })),
    first: integerOf(ends, 'first'),
    top: integerOf(ends, 'top'),
  };
}

/** Returns the nodes whose lease has run out, in the order in which that happened. */
export function readExpired(connection: Connection, { nowMs }: Jobs['expired']['ask']): string[] {
  const rows = connection.prepare('SELECT node FROM lease WHERE end_ms <= ? ORDER BY end_ms').all(nowMs);
  return rows.map((row) => textOf(row, 'node'));
}

/** Returns the bans of the server, in the order in which they were set. */
export function readBans(connection: Connection): StoredBan[] {
  const rows = connection.prepare('SELECT kind, mask, reason, setter, at_ms, until_ms FROM ban ORDER BY at_ms').all();
  return rows.map((row) => ({
    kind: textOf(row, 'kind'),
    mask: textOf(row, 'mask'),
    reason: textOf(row, 'reason'),
    by: textOf(row, 'setter'),
    atMs: integerOf(row, 'at_ms'),
    untilMs: nullableOf(row, 'until_ms', integerOf),
  }));
}

/** Returns what is kept of the states of logs, and the packs after that; nothing of a log that has neither. */
export function readStates(connection: Connection): StoredState[] {
  const tail = connection.prepare('SELECT seq, body FROM pack WHERE log = ? AND seq > ? ORDER BY seq');
  const rows = connection
    .prepare('SELECT id, name, kept_seq, kept FROM log WHERE kept IS NOT NULL OR top > kept_seq ORDER BY name')
    .all();
  return rows.map((row) => {
    const seq = integerOf(row, 'kept_seq');
    const packs = tail.all(integerOf(row, 'id'), seq);
    return {
      log: textOf(row, 'name'),
      seq,
      state: nullableOf(row, 'kept', textOf),
      tail: packs.map((pack) => ({ seq: integerOf(pack, 'seq'), body: bytesOf(pack, 'body') })),
    };
  });
}
