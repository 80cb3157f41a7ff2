/** A store as text, one part at a time. */
import { integerOf, textOf } from './columns.js';
import { heading, toCell } from './export-format.js';
import { versionOf } from './migrations.js';
import type { Tables } from './tables.js';

/** Rows that another process would not miss: trials of a full disk, leases of processes. */
const PASSING = new Set(['trial', 'lease']);

/** Returns the tables whose rows are the store; the others are derived from these. */
export function tablesOf({ connection }: Tables): string[] {
  const rows = connection.prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'").all();
  const names = rows.map((row) => textOf(row, 'name'));
  return names.filter((name) => !name.startsWith('sqlite_') && !PASSING.has(name)).sort();
}

/** Lines with everything that a store holds at one moment. */
export class Exporter {
  readonly #lines: Iterator<string>;

  constructor(tables: Tables) {
    this.#lines = linesOf(tables);
  }

  /** Returns the next lines, each with its line feed. @param length - about how many characters; "" at the end */
  next(length: number): string {
    let part = '';
    while (part.length < length) {
      const line = this.#lines.next();
      if (line.done === true) break;
      part += `${line.value}\n`;
    }
    return part;
  }
}

function* linesOf(tables: Tables): Generator<string, undefined> {
  const { connection } = tables;
  // One transaction sees one moment, whatever a server writes meanwhile.
  connection.exec('BEGIN');
  yield JSON.stringify(heading(versionOf(connection), Date.now()));
  let rows = 0;
  for (const table of tablesOf(tables)) {
    for (const row of connection.prepare(`SELECT * FROM "${table}"`).iterate()) {
      const cells = Object.entries(row).map(([column, value]) => [column, toCell(value)] as const);
      yield JSON.stringify({ table, row: Object.fromEntries(cells) });
      rows += 1;
    }
  }
  connection.exec('COMMIT');
  yield JSON.stringify({ rows });
  return undefined;
}

/** Returns how many rows a table has. */
export function countOf({ connection }: Tables, table: string): number {
  return integerOf(connection.prepare(`SELECT count(*) AS rows FROM "${table}"`).get() ?? {}, 'rows');
}
