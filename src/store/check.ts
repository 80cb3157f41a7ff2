/** Finds the faults of a store, without changing it. */
import { decodePack } from '../log/codec.js';
import { bytesOf, integerOf, textOf } from './columns.js';
import { countOf, tablesOf } from './exporter.js';
import { versionOf } from './migrations.js';
import { failureOf } from './store-error.js';
import type { Tables } from './tables.js';

/** The findings of a check. */
export interface Findings {
  readonly version: number;
  /** How many rows each table has. */
  readonly tables: readonly (readonly [name: string, rows: number])[];
  /** The faults, in words; the first of each kind. */
  readonly problems: readonly string[];
}

/** The most problems of a kind that are listed. */
const MAX_PROBLEMS = 100;

/** Reads everything. */
export function checkStore(tables: Tables): Findings {
  const { connection } = tables;
  try {
    const problems = damageIn(tables);
    // The rows of a damaged file are not reliable.
    if (problems.length > 0) return { version: 0, tables: [], problems };
    const version = versionOf(connection);
    if (version === 0) return { version, tables: [], problems: [] };
    const found = [...orphansIn(tables), ...gapsIn(tables, version), ...unreadableIn(tables)];
    return { version, tables: tablesOf(tables).map((name) => [name, countOf(tables, name)] as const), problems: found };
  } catch (error) {
    return { version: 0, tables: [], problems: [failureOf(error).message] };
  }
}

/** Returns the faults that SQLite finds in the file, a line each. If it cannot continue, earlier findings are kept. */
function damageIn({ connection }: Tables): string[] {
  const found: string[] = [];
  try {
    for (const row of connection.prepare(`PRAGMA integrity_check(${MAX_PROBLEMS})`).iterate()) {
      found.push(...textOf(row, 'integrity_check').split('\n'));
    }
  } catch (error) {
    found.push(failureOf(error).message);
  }
  return found.filter((verdict) => verdict !== 'ok' && !verdict.startsWith('*** in database'));
}

function orphansIn({ connection }: Tables): string[] {
  const rows = connection.prepare('SELECT DISTINCT "table", parent FROM pragma_foreign_key_check').all();
  return rows.map((row) => `a row of ${textOf(row, 'table')} names one of ${textOf(row, 'parent')} that is missing`);
}

/** The packs of a log are those from `first` to `top`. Only numbers that its state includes may be left out. */
function gapsIn({ connection }: Tables, version: number): string[] {
  const from = version < 2 ? 'first' : 'max(first, kept_seq + 1)';
  const rows = connection
    .prepare(
      `SELECT name, first, top, (SELECT count(*) FROM pack WHERE log = id AND seq BETWEEN first AND top) AS inside,
         (SELECT count(*) FROM pack WHERE log = id) AS packs, max(top + 1 - ${from}, 0) AS needed,
         (SELECT count(*) FROM pack WHERE log = id AND seq >= ${from}) AS there FROM log`,
    )
    .all();
  return rows.flatMap((row) => {
    const [first, top, packs] = [integerOf(row, 'first'), integerOf(row, 'top'), integerOf(row, 'packs')];
    if (packs === integerOf(row, 'inside') && integerOf(row, 'needed') === integerOf(row, 'there')) return [];
    return [`the log ${textOf(row, 'name')} has ${packs} packs, and should have those from ${first} to ${top}`];
  });
}

function unreadableIn({ connection }: Tables): string[] {
  const problems: string[] = [];
  const packs = connection.prepare('SELECT name, seq, body FROM pack JOIN log ON log.id = pack.log').iterate();
  for (const row of packs) {
    const { kind } = decodePack(bytesOf(row, 'body'));
    if (kind === 'pack') continue;
    problems.push(`the log ${textOf(row, 'name')} has a pack that cannot be read (${kind}): ${integerOf(row, 'seq')}`);
    if (problems.length >= MAX_PROBLEMS) break;
  }
  return problems;
}
