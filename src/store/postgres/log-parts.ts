/** Logs and their states in a store in PostgreSQL; packs and leases belong to the broker. */
import { integerOf, nullableOf, textOf } from '../columns.js';
import { holdingOf, HOLDINGS, NOTHING_KEPT } from '../log-reads.js';
import type { PostgresReaders, PostgresWriters } from './parts.js';

/** How many packs a write drops at most. */
const RETAIN_PACKS = 1_000;

/**
 * One of several nodes may be behind another: the state with more packs in it stays, unless the log has lost its end.
 */
const KEEP = 'UPDATE log SET kept_seq = $2, kept = $3 WHERE name = $1 AND (kept_seq <= $2 OR kept_seq > top)';
const OLD = `SELECT seq FROM (
    SELECT seq, at_ms, bool_and(at_ms < $2) OVER (ORDER BY seq) AS is_old FROM (
      SELECT seq, at_ms FROM pack WHERE log = (SELECT id FROM log WHERE name = $1)
        AND seq <= (SELECT kept_seq FROM log WHERE name = $1) ORDER BY seq LIMIT ${RETAIN_PACKS}) AS first
  ) AS judged WHERE is_old`;
const DROP = `WITH dropped AS (
    DELETE FROM pack WHERE log = (SELECT id FROM log WHERE name = $1) AND seq < $2 RETURNING entries
  ) UPDATE log SET first = $2, entries = entries - (SELECT coalesce(sum(entries), 0) FROM dropped)::bigint
    WHERE name = $1 AND first < $2`;

export const logWriters: PostgresWriters<'keep' | 'retain' | 'trim'> = {
  keep: async (run, { log, seq, state }) => {
    await run({ text: KEEP, values: [log, seq, state] });
    return seq;
  },
  retain: async (run, { log, fromMs }) => {
    // There are no appends to it meanwhile: the number of its kept entries is counted with the row.
    await run({ text: 'SELECT id FROM log WHERE name = $1 FOR NO KEY UPDATE', values: [log] });
    const rows = await run({ text: OLD, values: [log, fromMs] });
    const last = rows.reduce<number>((most, row) => Math.max(most, integerOf(row, 'seq')), 0);
    if (last > 0) await run({ text: DROP, values: [log, last + 1] });
    return rows.length;
  },
  trim: async (run, { log, before }) => {
    const locked = await run({ text: 'SELECT first, top FROM log WHERE name = $1 FOR NO KEY UPDATE', values: [log] });
    const [row = { first: 1, top: 0 }] = locked;
    const first = Math.min(Math.max(integerOf(row, 'first'), before), integerOf(row, 'top') + 1);
    await run({ text: DROP, values: [log, first] });
    return first;
  },
};

export const logReaders: PostgresReaders<'state' | 'states' | 'ends' | 'holdings'> = {
  // The followers of the log read the packs after a state.
  states: async (run) => {
    const rows = await run({
      text: 'SELECT name, kept_seq, kept FROM log WHERE kept IS NOT NULL OR top > kept_seq ORDER BY name',
    });
    return rows.map((row) => ({
      log: textOf(row, 'name'),
      seq: integerOf(row, 'kept_seq'),
      state: nullableOf(row, 'kept', textOf),
      tail: [],
    }));
  },
  state: async (run, { log }) => {
    const [row] = await run({ text: 'SELECT kept_seq, kept FROM log WHERE name = $1', values: [log] });
    if (row === undefined) return NOTHING_KEPT;
    return { seq: integerOf(row, 'kept_seq'), state: nullableOf(row, 'kept', textOf) };
  },
  holdings: async (run) => (await run({ text: HOLDINGS })).map(holdingOf),
  ends: async (run) => {
    const rows = await run({ text: 'SELECT name, first, top FROM log' });
    return rows.map((row) => ({
      log: textOf(row, 'name'),
      first: integerOf(row, 'first'),
      top: integerOf(row, 'top'),
    }));
  },
};
