/** The tables of the store, for the one connection that writes. */
import { randomBytes } from 'node:crypto';
import { integerOf, textOf } from './columns.js';
import type { Connection, Statement } from './engine.js';
import type { StoreFacts, Write, Writes } from './tasks.js';

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

  /** Counts an opening of the store; the first one draws what tells it from other stores. */
  begin(): StoreFacts {
    const facts = this.#run('INSERT INTO fact(name, value) VALUES(?, ?) ON CONFLICT DO NOTHING');
    facts.run('prefix', randomBytes(9).toString('hex'));
    facts.run('run', '0');
    this.#run("UPDATE fact SET value = value + 1 WHERE name = 'run'").run();
    const read = this.#run('SELECT value FROM fact WHERE name = ?');
    return {
      run: Number(textOf(read.get('run') ?? {}, 'value')),
      prefix: textOf(read.get('prefix') ?? {}, 'value'),
    };
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
      case 'retain':
        return this.#retain(write);
      case 'keep':
        this.#run('UPDATE log SET kept_seq = ?, kept = ? WHERE id = ?').run(
          write.seq,
          write.state,
          this.#log(write.log).id,
        );
        return write.seq;
      case 'ban': {
        const { kind, mask, reason, by, atMs, untilMs } = write.ban;
        this.#run(
          'INSERT OR REPLACE INTO ban(kind, mask, reason, setter, at_ms, until_ms) VALUES(?, ?, ?, ?, ?, ?)',
        ).run(kind, mask, reason, by, atMs, untilMs);
        return 0;
      }
      case 'unban':
        this.#run('DELETE FROM ban WHERE kind = ? AND mask = ?').run(write.ban.kind, write.ban.mask);
        return 0;
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

  #append({ log: name, body, entries, maxEntries, atMs }: Writes['pack']): number {
    const log = this.#log(name);
    log.top += 1;
    log.entries += entries;
    this.#run('INSERT INTO pack(log, seq, entries, body, at_ms) VALUES(?, ?, ?, ?, ?)').run(
      log.id,
      log.top,
      entries,
      body,
      atMs,
    );
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

  #retain({ log: name, fromMs }: Writes['retain']): number {
    const { id } = this.#log(name);
    const rows = this.#run(
      `SELECT seq, at_ms FROM pack WHERE log = ? AND seq <= (SELECT kept_seq FROM log WHERE id = ?)
       ORDER BY seq LIMIT 1000`,
    ).all(id, id);
    const young = rows.findIndex((row) => integerOf(row, 'at_ms') >= fromMs);
    const last = rows.at(young < 0 ? -1 : young - 1);
    if (young === 0 || last === undefined) return 0;
    this.#trim({ log: name, before: integerOf(last, 'seq') + 1 });
    return young < 0 ? rows.length : young;
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
