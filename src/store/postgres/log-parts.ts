/** Logs and their states in a store in PostgreSQL; packs and leases belong to the broker. */
import { integerOf, nullableOf, textOf } from '../columns.js';
import { holdingOf, HOLDINGS, NOTHING_KEPT } from '../log-reads.js';
import type { Run } from './link.js';
import type { PostgresReaders, PostgresWriters } from './parts.js';

/** For how long nobody has used the row of a log that may be removed. Those that follow it say so every hour. */
const UNUSED = "interval '3 hours'";
/**
 * The condition that the row of a log can be removed. Nodes of earlier versions do not note which they use, and begin a
 * log without a row at 1.
 */
const IS_UNUSED = `first > top AND kept IS NULL AND used < now() - ${UNUSED}
  AND NOT EXISTS (SELECT FROM pack WHERE pack.log = log.id) AND NOT EXISTS (SELECT FROM line WHERE line.log = log.id)
  AND NOT EXISTS (SELECT FROM lease WHERE NOT notes_use AND until > now() - ${UNUSED})`;
/** Whoever asks for the state of a log is about to follow the log, which has a row from then on. */
const STATE = 'SELECT kept_seq, kept FROM state_of($1)';
/** What is being used at this moment is locked, and stays. */
const REMOVE = `WITH removed AS (
    DELETE FROM log WHERE id IN (
      SELECT id FROM log WHERE name = ANY($1) AND ${IS_UNUSED} ORDER BY name FOR UPDATE SKIP LOCKED)
    RETURNING top
  ), raised AS (
    INSERT INTO fact AS known(name, value) SELECT 'floor', (max(top) + 1)::text FROM removed HAVING count(*) > 0
    ON CONFLICT (name) DO UPDATE SET value = greatest(known.value::bigint, excluded.value::bigint)::text
  ) SELECT count(*) AS removed FROM removed`;

/** Notes that logs are in use, by somebody who follows them or has lines for their shelves: each has a row. */
export async function useLogs(run: Run, logs: readonly string[]): Promise<void> {
  await run({ name: 'use-logs', text: 'SELECT use_logs($1)', values: [logs] });
}

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

export const logWriters: PostgresWriters<'keep' | 'retain' | 'trim' | 'use-logs' | 'remove-logs'> = {
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
  'use-logs': async (run, { logs }) => {
    await useLogs(run, logs);
    return logs.length;
  },
  'remove-logs': async (run, { logs }) => {
    const [row = {}] = await run({ text: REMOVE, values: [logs] });
    return integerOf(row, 'removed');
  },
};

export const logReaders: PostgresReaders<'state' | 'states' | 'ends' | 'holdings' | 'empty-logs'> = {
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
    const [row] = await run({ name: 'state', text: STATE, values: [log] });
    if (row === undefined) return NOTHING_KEPT;
    return { seq: integerOf(row, 'kept_seq'), state: nullableOf(row, 'kept', textOf) };
  },
  'empty-logs': async (run, { after, most }) => {
    const text = `SELECT id, name FROM log WHERE id > $1 AND ${IS_UNUSED} ORDER BY id LIMIT $2`;
    const rows = await run({ text, values: [after, most] });
    const last = rows.at(-1);
    return {
      names: rows.map((row) => textOf(row, 'name')),
      upTo: last === undefined || rows.length < most ? null : integerOf(last, 'id'),
    };
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
