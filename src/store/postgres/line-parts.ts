/** The lines that people have read, in PostgreSQL. */
import { type Line, LINE_KINDS } from '../../history/line.js';
import { speakerOf } from '../../history/search-query.js';
import { gramsOf } from '../../search/grams.js';
import { folded } from '../../search/terms.js';
import { blankedPack } from '../blanked-pack.js';
import { integerOf, textOf } from '../columns.js';
import { ownerOf } from '../gone-accounts.js';
import { speakerToken } from '../line-index.js';
import type { Writes } from '../tasks.js';
import type { Parameter } from './driver.js';
import { FIND_GONE, GoneAccounts, marksOf } from './gone-parts.js';
import type { Run } from './link.js';
import { useLogs } from './log-parts.js';
import type { PostgresReaders, PostgresWriters } from './parts.js';

/** A line on its shelf. */
export type ShelvedLine = Writes['line'];

const MAX_DROPPED = 1_000;

/**
 * As in SQLite, no line is older than the one before it on its shelf, whatever the clock does. It returns the accounts
 * among those of the lines that have been erased.
 */
const INSERT = `WITH stored AS (INSERT INTO line(log, seq, part, at_ms, kind, msgid, peer, source, account, target, ranks, text, tags,
    object, bits, grams)
  SELECT log.id, seq, part, greatest(max(at_ms) OVER (PARTITION BY log.id ORDER BY place),
    (SELECT max(line.at_ms) FROM line WHERE line.log = log.id)), kind, msgid, peer, source, account, target, ranks, text, tags, object, bits,
    string_to_array(grams, ' ')
  FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::bigint[], $5::integer[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::integer[], $12::text[], $13::text[], $14::text[], $15::integer[], $16::text[])
  WITH ORDINALITY AS given(shelf, seq, part, at_ms, kind, msgid, peer, source, account, target, ranks, text, tags,
    object, bits, grams, place)
  JOIN log ON log.name = shelf ORDER BY place ON CONFLICT (log, msgid) DO NOTHING) ${FIND_GONE} = ANY($17)`;
const THERE = `SELECT place FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given(shelf, msgid, place)
  JOIN log ON log.name = shelf JOIN line ON line.log = log.id AND line.msgid = given.msgid`;
const REDACT = `UPDATE line SET kind = 0, text = '', tags = NULL, grams = NULL
  WHERE msgid = $2 AND log IN (SELECT id FROM log WHERE name = ANY($1)) RETURNING id`;
const DROP = `DELETE FROM line WHERE id IN (SELECT line.id FROM line JOIN log ON log.id = log
  WHERE name = $1 AND at_ms < $2 ORDER BY at_ms LIMIT ${MAX_DROPPED}) RETURNING id`;
const FORGET = `UPDATE line SET kind = 0, source = '', account = NULL, text = '', tags = NULL, object = NULL,
  grams = NULL FROM log WHERE log.id = line.log`;
const FORGET_SAID = `${FORGET} AND account = ANY($1)`;
const GIVEN = '(log.name, line.msgid) IN (SELECT * FROM unnest($1::text[], $2::text[]))';
const DROP_GIVEN = `DELETE FROM line USING log WHERE log.id = line.log AND ${GIVEN}`;
/** A shelf that is no log, and on which nothing is left. */
const DROP_EMPTY = `DELETE FROM log WHERE name = ANY($1) AND mark = ''
  AND NOT EXISTS (SELECT FROM line WHERE line.log = log.id)`;
const PLACE = 'RETURNING log.name, line.seq, line.part';
/** How many lines of an account are named in one answer. */
const WINDOW_LINES = 20_000;

/**
 * Puts lines on their shelves, in one statement; nothing happens to those that are there. Lines that were on their way
 * when their account was erased are erased as those before them were.
 */
export async function insertLines(run: Run, lines: readonly ShelvedLine[]): Promise<void> {
  const column = <T extends string | number | null>(of: (line: Line) => T): T[] => lines.map(({ line }) => of(line));
  const shelves = lines.map(({ shelf }) => shelf);
  const values: Parameter[] = [
    shelves,
    column(({ seq }) => seq),
    column(({ part }) => part),
    column(({ atMs }) => atMs),
    column(({ kind }) => LINE_KINDS.indexOf(kind) + 1),
    column(({ msgid }) => msgid),
    column(({ peer }) => peer),
    column(({ source }) => source),
    column(({ account }) => account),
    column(({ target }) => target),
    column(({ ranks }) => ranks),
    column(({ text }) => storable(text)),
    column(({ tags }) => (tags.length === 0 ? null : JSON.stringify(tags))),
    column(({ object }) => object),
    column(({ bits }) => bits),
    column(gramsOfLine),
    marksOf(lines),
  ];
  await useLogs(run, shelves);
  const marks = await run({ name: 'lines', text: INSERT, values });
  if (marks.length > 0) await eraseOfGone(run, lines, new GoneAccounts(marks));
}

/** Removes lines from the shelves of accounts that have been erased, and their texts from the shelves of others. */
async function eraseOfGone(run: Run, lines: readonly ShelvedLine[], gone: GoneAccounts): Promise<void> {
  const onShelves = lines.filter(({ shelf, line }) => gone.hasHad(ownerOf(shelf), line.atMs));
  await run({ text: DROP_GIVEN, values: idsOf(onShelves) });
  await run({ text: DROP_EMPTY, values: [onShelves.map(({ shelf }) => shelf)] });
  const said = lines.filter(({ line }) => gone.hasHad(line.account, line.atMs));
  await blankEntries(run, await run({ text: `${FORGET} AND ${GIVEN} ${PLACE}`, values: idsOf(said) }));
}

/** Returns the ids of lines on their shelves, as the two columns that they are found by. */
function idsOf(lines: readonly ShelvedLine[]): Parameter[] {
  return [lines.map(({ shelf }) => shelf), lines.map(({ line }) => line.msgid)];
}

/** Returns those of some lines that are on their shelves. */
export async function linesThere(run: Run, lines: readonly ShelvedLine[]): Promise<ReadonlySet<ShelvedLine>> {
  if (lines.length === 0) return new Set();
  const rows = await run({ name: 'lines-there', text: THERE, values: idsOf(lines) });
  return new Set(rows.flatMap((row) => lines[integerOf(row, 'place') - 1] ?? []));
}

/** PostgreSQL has no place for NUL in a text. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}

function gramsOfLine({ kind, source, text }: Line): string | null {
  if (kind !== 'message' && kind !== 'notice') return null;
  return `${speakerToken(speakerOf(source))} ${gramsOf(folded(storable(text)))}`;
}

export const lineWriters: PostgresWriters<'line' | 'line-redact' | 'lines-drop' | 'lines-erase' | 'shelf-drop'> = {
  line: async (run, line) => {
    await insertLines(run, [line]);
    return 1;
  },
  'line-redact': async (run, { shelves, msgid, log, seq, part }) => {
    const rows = await run({ text: REDACT, values: [shelves, msgid] });
    await blankEntry(run, log, seq, part);
    return rows.length;
  },
  'lines-drop': (run, { shelf, beforeMs }) => dropBefore(run, shelf, beforeMs),
  'lines-erase': async (run, { folded: account, ids }) => {
    const values = [await namesOf(run, account), ids];
    return blankEntries(run, await run({ text: `${FORGET_SAID} AND line.id = ANY($2) ${PLACE}`, values }));
  },
  'shelf-drop': (run, { shelf }) => dropShelf(run, shelf),
};

export const saidReaders: PostgresReaders<'said'> = {
  said: async (run, { folded: account, after }) => {
    const text = `SELECT id FROM line WHERE account = ANY($1) AND id > $2 ORDER BY id LIMIT ${WINDOW_LINES}`;
    const rows = await run({ text, values: [await namesOf(run, account), after] });
    const ids = rows.map((row) => integerOf(row, 'id'));
    return { ids, upTo: ids.at(-1) ?? null };
  },
};

/** Removes a shelf that is no log, with everything on it: nothing refers to it any more. @returns how many lines */
export async function dropShelf(run: Run, shelf: string): Promise<number> {
  let count = 0;
  let dropped: number;
  do {
    dropped = await dropBefore(run, shelf, Number.MAX_SAFE_INTEGER);
    count += dropped;
  } while (dropped === MAX_DROPPED);
  await run({ text: "DELETE FROM log WHERE name = $1 AND mark = ''", values: [shelf] });
  return count;
}

async function dropBefore(run: Run, shelf: string, beforeMs: number): Promise<number> {
  return (await run({ text: DROP, values: [shelf, beforeMs] })).length;
}

/** Removes the texts of an account from the lines after a given one; they keep their places. */
export async function eraseSaid(run: Run, account: string, after: number): Promise<void> {
  const values = [await namesOf(run, account), after];
  await blankEntries(run, await run({ text: `${FORGET_SAID} AND line.id > $2 ${PLACE}`, values }));
}

/** The forms of its name that an account may have in lines. */
async function namesOf(run: Run, account: string): Promise<string[]> {
  const rows = await run({ text: 'SELECT name FROM account WHERE folded = $1', values: [account] });
  return [account, ...rows.map((row) => textOf(row, 'name'))];
}

/** @returns how many lines there are */
async function blankEntries(run: Run, places: readonly object[]): Promise<number> {
  for (const row of places) {
    const log = textOf(row, 'name');
    if (log.startsWith('r:')) await blankEntry(run, log, integerOf(row, 'seq'), integerOf(row, 'part'));
  }
  return places.length;
}

/**
 * Removes the text of an entry. The mark of its pack stays: for servers that have applied it, it is the same pack.
 */
async function blankEntry(run: Run, log: string, seq: number, part: number): Promise<void> {
  const place = 'log = (SELECT id FROM log WHERE name = $1) AND seq = $2';
  const [row] = await run({ text: `SELECT body FROM pack WHERE ${place} FOR UPDATE`, values: [log, seq] });
  const bytes = row === undefined ? null : blankedPack(new TextEncoder().encode(textOf(row, 'body')), part);
  if (bytes === null) return;
  await run({ text: `UPDATE pack SET body = $3 WHERE ${place}`, values: [log, seq, new TextDecoder().decode(bytes)] });
}
