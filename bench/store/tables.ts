/** How many bytes the tables of a store take. */
import { statSync } from 'node:fs';
import { integerOf, textOf } from '../../src/store/columns.js';
import { findEngine } from '../../src/store/engine.js';

/** Returns the bytes of each table with its indexes; of an SQLite that does not count them, those of the whole file. */
export async function weighTables(path: string): Promise<Record<string, number>> {
  const connection = (await findEngine()).open(path, { isReadOnly: false, timeoutMs: 5_000 });
  try {
    connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const rows = connection
      .prepare(
        `SELECT coalesce(owner.tbl_name, pages.name) AS name, sum(pages.pgsize) AS bytes
         FROM dbstat AS pages LEFT JOIN sqlite_schema AS owner ON owner.name = pages.name
         GROUP BY 1 ORDER BY 2 DESC`,
      )
      .all();
    const tables: Record<string, number> = {};
    for (const row of rows) {
      // The full-text index has tables of its own.
      const name = textOf(row, 'name').replace(/^line_text_.*/, 'line_text');
      tables[name] = (tables[name] ?? 0) + integerOf(row, 'bytes');
    }
    return tables;
  } catch {
    return { 'the file': statSync(path).size };
  } finally {
    connection.close();
  }
}
