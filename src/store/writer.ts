/** Batches of writes, each in one transaction. */
import { randomBytes } from 'node:crypto';
import { accountWrites } from './account-writes.js';
import { banWrites } from './ban-writes.js';
import { textOf } from './columns.js';
import { commonWrites } from './common-facts.js';
import { erasedWrites } from './erased-writes.js';
import { goneWrites } from './gone-accounts.js';
import { type Indexed, indexMoreLines, mergeByCommand, mergeIndex } from './line-index.js';
import { lineWrites } from './line-writes.js';
import { logWrites } from './log-writes.js';
import { markerWrites } from './marker-writes.js';
import { memberWrites } from './member-writes.js';
import { runWrites } from './run-writes.js';
import { saidWrites } from './said.js';
import { type Failure, failureOf } from './store-error.js';
import type { Tables } from './tables.js';
import type { StoreFacts, Write, WritersOf, Writes, Written } from './tasks.js';

/** How everything that a part of the store writes is written. */
const WRITERS: WritersOf<Writes> = {
  ...accountWrites,
  ...logWrites,
  ...banWrites,
  ...lineWrites,
  ...memberWrites,
  ...markerWrites,
  ...erasedWrites,
  ...goneWrites,
  ...runWrites,
  ...commonWrites,
  ...saidWrites,
};

function carryOut<K extends keyof Writes>(tables: Tables, write: Write<K>): number {
  const writer: (tables: Tables, write: Write<K>) => number = WRITERS[write.kind];
  return writer(tables, write);
}

/**
 * Writes a batch. If SQLite does not take something in it, but takes other writes, the rest is written without that.
 *
 * @returns a number for each write, or why it was not written
 * @throws the error of SQLite if it takes nothing now; then nothing of the batch is written
 */
export function writeBatch(tables: Tables, batch: readonly Write[]): Written[] {
  try {
    return writeTogether(tables, batch);
  } catch (error) {
    if (failureOf(error).code !== 'ERR_STORE_FAILED' || !takesWrites(tables)) throw error;
    let failure: Failure | null = null;
    return batch.map((write) => {
      // A line must not be stored if one before it may be later.
      if (failure !== null) return failure;
      const written = writeAlone(tables, write);
      if (typeof written !== 'number' && written.code !== 'ERR_STORE_REFUSED') failure = written;
      return written;
    });
  }
}

/** Whether SQLite takes an ordinary write. */
function takesWrites(tables: Tables): boolean {
  try {
    writeTogether(tables, [
      { kind: 'trial', bytes: 1 },
      { kind: 'trial', bytes: 0 },
    ]);
    return true;
  } catch {
    return false;
  }
}

function writeAlone(tables: Tables, write: Write): Written {
  try {
    return writeTogether(tables, [write])[0] ?? 0;
  } catch (error) {
    const { code, message } = failureOf(error);
    return { code: code === 'ERR_STORE_FAILED' ? 'ERR_STORE_REFUSED' : code, message };
  }
}

/** Writes all of some writes or nothing of them. @throws the error of SQLite */
function writeTogether(tables: Tables, batch: readonly Write[]): number[] {
  return inTransaction(tables, () => {
    const results = batch.map((write) => carryOut(tables, write));
    tables.finish();
    return results;
  });
}

function inTransaction<T>(tables: Tables, work: () => T): T {
  tables.connection.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    tables.connection.exec('COMMIT');
    return result;
  } catch (error) {
    tables.forget();
    rollBack(tables);
    throw error;
  }
}

/** Puts the next lines into the index for searches, in a transaction of its own. @throws the error of SQLite */
export function indexNextLines(tables: Tables, { lines }: { readonly lines: number }): Indexed {
  return inTransaction(tables, () => indexMoreLines(tables, lines));
}

/** Merges parts of the index, in a transaction of its own. @throws the error of SQLite */
export function mergeParts(tables: Tables, { pages }: { readonly pages: number }): boolean {
  return inTransaction(tables, () => mergeIndex(tables, pages));
}

function rollBack({ connection }: Tables): void {
  try {
    connection.exec('ROLLBACK');
  } catch {
    // A full disk has rolled it back: https://www.sqlite.org/lang_transaction.html
  }
}

/** Counts an opening of the store; the first one draws the value that distinguishes it from other stores. */
export function begin(tables: Tables): StoreFacts {
  const facts = tables.run('INSERT INTO fact(name, value) VALUES(?, ?) ON CONFLICT DO NOTHING');
  facts.run('prefix', randomBytes(9).toString('hex'));
  facts.run('run', '0');
  tables.run("UPDATE fact SET value = value + 1 WHERE name = 'run'").run();
  mergeByCommand(tables);
  const read = tables.run('SELECT value FROM fact WHERE name = ?');
  return {
    run: Number(textOf(read.get('run') ?? {}, 'value')),
    prefix: textOf(read.get('prefix') ?? {}, 'value'),
  };
}
