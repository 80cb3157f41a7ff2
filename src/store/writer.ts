/** The tables of the store, for the one connection that writes. */
import { integerOf } from './columns.js';
import type { Connection, Statement } from './engine.js';
import type { Write, Writes } from './tasks.js';

/** What is known of a log while the file is open. */
interface Log {
  readonly id: number;
  first: number;
  top: number;
  /** How many entries the packs hold that are kept. */
  entries: number;
}

/** Writes batches, each in one transaction. */
export class Writer {
  readonly #connection: Connection;
  /** The logs that have been written to; their rows are read once. */
  readonly #logs = new Map<string, Log>();
  readonly #statements = new Map<string, Statement>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Writes all of a batch or nothing of it.
   *
   * @returns a number for each write
   * @throws the error of SQLite
   */
  write(batch: readonly Write[]): number[] {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      const results = batch.map((write) => this.#do(write));
      this.#connection.exec('COMMIT');
      return results;
    } catch (error) {
      this.#logs.clear();
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#connection.exec('ROLLBACK');
    } catch {
      // A full disk has rolled it back: https://www.sqlite.org/lang_transaction.html
    }
  }

  #do(write: Write): number {
    switch (write.kind) {
      case 'pack':
        return this.#append(write);
      case 'trim':
        return this.#trim(write);
      case 'lease':
        this.#run('INSERT OR REPLACE INTO lease(node, end_ms) VALUES(?, ?)').run(write.node, write.endMs);
        return 0;
      case 'forget':
        this.#run('DELETE FROM lease WHERE node = ?').run(write.node);
        return 0;
      case 'trial':
        if (write.bytes === 0) this.#run('DELETE FROM trial').run();
        else this.#run('INSERT INTO trial(body) VALUES(zeroblob(?))').run(write.bytes);
        return 0;
    }
  }

  #append({ log: name, body, entries, maxEntries }: Writes['pack']): number {
    const log = this.#log(name);
    log.top += 1;
    log.entries += entries;
    this.#run('INSERT INTO pack(log, seq, entries, body) VALUES(?, ?, ?, ?)').run(log.id, log.top, entries, body);
    while (log.entries > maxEntries && log.first <= log.top) this.#dropFirst(log);
    this.#run('UPDATE log SET first = ?, top = ? WHERE id = ?').run(log.first, log.top, log.id);
    return log.top;
  }

  #trim({ log: name, before }: Writes['trim']): number {
    const log = this.#log(name);
    const first = Math.min(Math.max(log.first, before), log.top + 1);
    const dropped = this.#run('DELETE FROM pack WHERE log = ? AND seq < ? RETURNING entries').all(log.id, first);
    for (const row of dropped) log.entries -= integerOf(row, 'entries');
    log.first = first;
    this.#run('UPDATE log SET first = ? WHERE id = ?').run(first, log.id);
    return first;
  }

  #dropFirst(log: Log): void {
    const row = this.#run('DELETE FROM pack WHERE log = ? AND seq = ? RETURNING entries').get(log.id, log.first);
    log.entries -= row === undefined ? 0 : integerOf(row, 'entries');
    log.first += 1;
  }

  #log(name: string): Log {
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    this.#run('INSERT OR IGNORE INTO log(name, first, top) VALUES(?, 1, 0)').run(name);
    const row = this.#run(
      `SELECT id, first, top, (SELECT coalesce(sum(entries), 0) FROM pack WHERE log = id) AS entries
       FROM log WHERE name = ?`,
    ).get(name);
    if (row === undefined) throw new Error(`the log ${name} has no row`);
    const log = {
      id: integerOf(row, 'id'),
      first: integerOf(row, 'first'),
      top: integerOf(row, 'top'),
      entries: integerOf(row, 'entries'),
    };
    this.#logs.set(name, log);
    return log;
  }

  #run(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#connection.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }
}
