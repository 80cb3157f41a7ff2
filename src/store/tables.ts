/** One connection to the file, with its statements compiled once. */
import { integerOf } from './columns.js';
import type { Connection, Statement } from './engine.js';
import { Recent } from './recent.js';

/** How many logs' facts are in memory, at least: somebody may enter ever new rooms. */
const MAX_LOGS = 5_000;

/** The facts about a log while the file is open for writing. */
export interface LogRow {
  readonly id: number;
  first: number;
  top: number;
  /** How many entries the packs hold that are kept; null while nobody needs to know. */
  entries: number | null;
  /** The time of the last line on the shelf, in milliseconds since the epoch; 0 without one. */
  lineMs: number;
}

/** The tables, for the code that reads and writes them. */
export class Tables {
  readonly connection: Connection;
  readonly #statements = new Map<string, Statement>();
  /** The logs that have been written to last. */
  readonly #logs = new Recent<string, LogRow>(MAX_LOGS);
  /**
   * The last line up to which all lines that belong in the index for searches are in it. The index itself may know of
   * more; 0 before the first look.
   */
  indexedUpTo = 0;
  /** Whether accounts are noted as erased; null before the first look. */
  hasGone: boolean | null = null;
  /** The work for the end of the transaction. */
  #later: (() => void)[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Returns a statement. @param sql - fixed text: each one is kept, so values go into its parameters */
  run(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.connection.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  /** Returns the facts about a log, which gets a row if it has none. Only for the connection that writes. */
  log(name: string): LogRow {
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    this.run('INSERT OR IGNORE INTO log(name, first, top) VALUES(?, 1, 0)').run(name);
    const row = this.run(
      `SELECT id, first, top, (SELECT coalesce(max(at_ms), 0) FROM line WHERE log = log.id) AS line_ms
       FROM log WHERE name = ?`,
    ).get(name);
    if (row === undefined) throw new Error(`the log ${name} has no row`);
    const log = {
      id: integerOf(row, 'id'),
      first: integerOf(row, 'first'),
      top: integerOf(row, 'top'),
      entries: null,
      lineMs: integerOf(row, 'line_ms'),
    };
    this.#logs.set(name, log);
    return log;
  }

  /** Forgets a log that has no row any more. */
  forgetLog(name: string): void {
    this.#logs.delete(name);
  }

  /**
   * Does something at the end of the transaction, after earlier work for then. It is for the index: it writes its
   * gathered memory as a separate part at every statement that SQLite may have to undo by itself.
   */
  later(write: () => void): void {
    this.#later.push(write);
  }

  /** Does the work for the end of the transaction. */
  finish(): void {
    const writes = this.#later;
    this.#later = [];
    for (const write of writes) write();
  }

  /** Forgets the work of a transaction, and the facts that it may have changed: it was rolled back. */
  forget(): void {
    this.#later = [];
    this.#logs.clear();
    this.indexedUpTo = 0;
    this.hasGone = null;
  }
}
