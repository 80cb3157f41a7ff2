/** Bans, members that stay, marks of reading and erased accounts in PostgreSQL. */
import { MAX_MARKS } from '../../history/markers.js';
import { banOf } from '../ban-reads.js';
import { integerOf, textOf } from '../columns.js';
import { LATEST_MS } from '../member-writes.js';
import { FIND_GONE } from './gone-parts.js';
import { OWNER_LOCK } from './owner-lock.js';
import type { PostgresReaders, PostgresWriters } from './parts.js';

const BAN = `INSERT INTO ban(kind, mask, reason, setter, at_ms, until_ms) VALUES($1, $2, $3, $4, $5, $6)
  ON CONFLICT (kind, mask) DO UPDATE SET reason = excluded.reason, setter = excluded.setter, at_ms = excluded.at_ms,
  until_ms = excluded.until_ms`;
/** An erasure of the account locks its row, too: it either finds the mark, or is over by the next statement. */
const HOLD_OWNER = 'SELECT FROM account WHERE folded = $1 FOR KEY SHARE';
/** The same for somebody who is logged in to it, of whom only its name is known. */
const HOLD_ACCOUNT = 'SELECT FROM account WHERE name = $1 FOR KEY SHARE';
const IS_OF_GONE = `${FIND_GONE} = 'gone ' || $1 AND (created_ms IS NULL OR $2::bigint < created_ms)`;
const MARK = `INSERT INTO marker AS known(owner, target, at_ms) SELECT $1::text, $2::text, $3::bigint
  WHERE NOT EXISTS (${FIND_GONE} = 'gone ' || $1 AND created_ms IS NULL)
  ON CONFLICT (owner, target) DO UPDATE SET at_ms = greatest(known.at_ms, excluded.at_ms) RETURNING at_ms`;
const DROP_MARKS = `DELETE FROM marker WHERE owner = $1 AND target IN (
  SELECT target FROM marker WHERE owner = $1 ORDER BY at_ms DESC OFFSET ${MAX_MARKS})`;

const SHARERS = `SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
  WHERE locktype = 'advisory' AND granted AND datname = current_database() AND classid = 0 AND objid = $1`;

export const smallWriters: PostgresWriters<
  'ban' | 'unban' | 'member-keep' | 'member-drop' | 'mark' | 'erased-done' | 'run' | 'common'
> = {
  ban: async (run, { ban: { kind, mask, reason, by, atMs, untilMs } }) => {
    await run({ text: BAN, values: [kind, mask, reason, by, atMs, untilMs] });
    return 0;
  },
  unban: async (run, { ban: { kind, mask } }) => {
    await run({ text: 'DELETE FROM ban WHERE kind = $1 AND mask = $2', values: [kind, mask] });
    return 0;
  },
  'member-keep': async (run, { session, account, state, atMs = LATEST_MS }) => {
    await run({ text: HOLD_ACCOUNT, values: [account] });
    if ((await run({ text: IS_OF_GONE, values: [account, atMs] })).length > 0) return 0;
    // A changed one is the last of all again, as in SQLite.
    await run({ text: 'DELETE FROM member WHERE session = $1', values: [session] });
    await run({
      text: 'INSERT INTO member(session, account, state) VALUES($1, $2, $3)',
      values: [session, account, state],
    });
    return 0;
  },
  'member-drop': async (run, { session }) => {
    await run({ text: 'DELETE FROM member WHERE session = $1', values: [session] });
    return 0;
  },
  mark: async (run, { owner, target, atMs }) => {
    await run({ text: HOLD_OWNER, values: [owner] });
    const [row] = await run({ text: MARK, values: [owner, target, atMs] });
    await run({ text: DROP_MARKS, values: [owner] });
    return row === undefined ? atMs : integerOf(row, 'at_ms');
  },
  'erased-done': async (run, { accounts }) => {
    await run({ text: "DELETE FROM fact WHERE name LIKE 'erased %' AND value = ANY($1)", values: [accounts] });
    return 0;
  },
  run: async (run) => {
    const text = "UPDATE fact SET value = (value::bigint + 1)::text WHERE name = 'run' RETURNING value";
    const [row = {}] = await run({ text });
    return Number(textOf(row, 'value'));
  },
  common: async (run, { before, after }) => {
    const rows = await run(
      before === null
        ? {
            text: "INSERT INTO fact(name, value) VALUES('common', $1) ON CONFLICT DO NOTHING RETURNING 1",
            values: [after],
          }
        : {
            text: "UPDATE fact SET value = $1 WHERE name = 'common' AND value = $2 RETURNING 1",
            values: [after, before],
          },
    );
    return rows.length;
  },
};

export const smallReaders: PostgresReaders<'bans' | 'members' | 'mark' | 'erased' | 'common' | 'sharers'> = {
  bans: async (run) => {
    const rows = await run({ text: 'SELECT * FROM ban ORDER BY at_ms' });
    return rows.map(banOf);
  },
  members: async (run) => {
    const rows = await run({ text: 'SELECT session, state FROM member ORDER BY place' });
    return rows.map((row) => ({ session: textOf(row, 'session'), state: textOf(row, 'state') }));
  },
  mark: async (run, { owner, target }) => {
    const text = 'SELECT at_ms FROM marker WHERE owner = $1 AND target = $2';
    const [row] = await run({ text, values: [owner, target] });
    return row === undefined ? null : integerOf(row, 'at_ms');
  },
  erased: async (run) => {
    const rows = await run({ text: "SELECT value FROM fact WHERE name LIKE 'erased %'" });
    return rows.map((row) => textOf(row, 'value'));
  },
  common: async (run) => {
    const [row] = await run({ text: "SELECT value FROM fact WHERE name = 'common'" });
    return row === undefined ? null : textOf(row, 'value');
  },
  sharers: async (run) => {
    const [row = {}] = await run({ text: SHARERS, values: [OWNER_LOCK] });
    return integerOf(row, 'count');
  },
};
