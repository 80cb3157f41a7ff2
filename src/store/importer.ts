/** A store made of text, one part at a time. */
import { toError } from '../errors.js';
import { textOf } from './columns.js';
import type { Connection } from './engine.js';
import { fromCell, type Line, readLine, type Row } from './export-format.js';
import { indexMoreLines } from './line-index.js';
import { migrate, MIGRATIONS } from './migrations.js';
import { StoreError } from './store-error.js';
import { Tables } from './tables.js';

/** Writes the lines of an export into a file that has no tables yet. */
export class Importer {
  readonly #connection: Connection;
  /** The columns of the tables that rows may be in; null before the first line. */
  #columns: ReadonlyMap<string, ReadonlySet<string>> | null = null;
  readonly #statements = new Map<string, ReturnType<Connection['prepare']>>();
  #line = 0;
  #rows = 0;
  #isComplete = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    // Until it is complete, no other process needs the file, and one that is not complete is removed. A row may name
    // one of a table that follows: a check at the end finds missing ones.
    connection.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;
      PRAGMA foreign_keys = OFF`);
  }

  /** Takes the next lines. @throws StoreError: ERR_STORE_IMPORT, with the number of the line that is wrong */
  add(lines: readonly string[]): void {
    for (const line of lines) {
      this.#line += 1;
      try {
        if (line !== '') this.#take(readLine(line));
      } catch (error) {
        if (error instanceof StoreError && error.code !== 'ERR_STORE_IMPORT') throw error;
        const message = toError(error).message;
        throw new StoreError('ERR_STORE_IMPORT', `line ${this.#line}: ${message}`);
      }
    }
  }

  /** Ends the import. @returns how many rows there were */
  end(): number {
    if (!this.#isComplete) throw new StoreError('ERR_STORE_IMPORT', 'the export is cut off: its last line is missing');
    this.#connection.exec('COMMIT');
    const orphan = this.#connection.prepare('PRAGMA foreign_key_check').get();
    if (orphan !== undefined) {
      throw new StoreError('ERR_STORE_IMPORT', `a row of ${textOf(orphan, 'table')} names another one that is missing`);
    }
    this.#index();
    migrate(this.#connection);
    this.#connection.exec('PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE; BEGIN IMMEDIATE; COMMIT');
    return this.#rows;
  }

  /**
   * An export has the lines, but not their index. A version without an index makes it during its migration to the next.
   */
  #index(): void {
    if (this.#connection.prepare('SELECT name FROM sqlite_schema WHERE name = ?').get('line_text') === undefined)
      return;
    this.#connection.exec('BEGIN');
    indexMoreLines(new Tables(this.#connection), Infinity);
    this.#connection.exec('COMMIT');
  }

  #take(line: Line): void {
    if (this.#isComplete) throw new TypeError('there is more after the last line');
    if ('schema' in line) this.#begin(line.schema);
    else if ('table' in line) this.#insert(line);
    else this.#finish(line.rows);
  }

  #begin(schema: number): void {
    if (this.#columns !== null) throw new TypeError('there is another first line');
    if (schema > MIGRATIONS.length) {
      throw new StoreError('ERR_STORE_VERSION', `a later fdmux has made the export: it has version ${schema}`);
    }
    // The rows have the form of that version, and are migrated to the present one together.
    migrate(this.#connection, MIGRATIONS.slice(0, schema));
    this.#columns = columnsOf(this.#connection);
    this.#connection.exec('BEGIN');
  }

  #insert({ table, row }: Row): void {
    const columns = Object.keys(row);
    const known = this.#columns?.get(table);
    if (known === undefined) throw new TypeError(`there is no table ${JSON.stringify(table)}`);
    const unknown = columns.find((column) => !known.has(column));
    if (unknown !== undefined) throw new TypeError(`${table} has no column ${JSON.stringify(unknown)}`);
    this.#statement(table, columns).run(...Object.values(row).map(fromCell));
    this.#rows += 1;
  }

  #statement(table: string, columns: readonly string[]): ReturnType<Connection['prepare']> {
    const key = `${table} ${columns.join()}`;
    const known = this.#statements.get(key);
    if (known !== undefined) return known;
    const names = columns.map((column) => `"${column}"`).join();
    const made = this.#connection.prepare(`INSERT INTO "${table}"(${names}) VALUES(${columns.map(() => '?').join()})`);
    this.#statements.set(key, made);
    return made;
  }

  #finish(rows: number): void {
    if (rows !== this.#rows) throw new TypeError(`${this.#rows} rows are here of ${rows}`);
    this.#isComplete = true;
  }
}

function columnsOf(connection: Connection): Map<string, Set<string>> {
  const rows = connection
    .prepare(
      "SELECT t.name AS tables, c.name FROM pragma_table_list t, pragma_table_info(t.name) c WHERE t.type = 'table'",
    )
    .all();
  const found = new Map<string, Set<string>>();
  for (const row of rows) {
    const table = textOf(row, 'tables');
    if (table.startsWith('sqlite_')) continue;
    found.set(table, (found.get(table) ?? new Set()).add(textOf(row, 'name')));
  }
  return found;
}
