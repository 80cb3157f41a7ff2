/** The tables of a store in PostgreSQL, version by version. They are in a schema of their own. */
import { integerOf, textOf } from '../columns.js';
import { StoreError } from '../store-error.js';
import type { Run } from './link.js';
import { DELIVERING_APPEND, LOG_SCHEMA, REMOVABLE_LOGS } from './log-schema.js';
import { STORE_SCHEMA } from './store-schema.js';

/** The schema in which everything is. */
export const SCHEMA = 'fdmux';

/** A number that only programs that change the tables of fdmux use: one of them does so at a time. */
const LOCK = 0x66646d78;

/**
 * The additions of each version to the one before. A version that has been published never changes: a change is a new
 * one.
 *
 * Version 1 has logs with their packs, and leases.
 *
 * Version 2 has everything else that a store keeps.
 *
 * Version 3 announces a pack together with its content.
 *
 * Version 4 can remove the rows of logs.
 */
export const MIGRATIONS: readonly string[] = [LOG_SCHEMA, STORE_SCHEMA, DELIVERING_APPEND, REMOVABLE_LOGS];

/**
 * Brings the tables to the last version, each step in a transaction of its own. Of several that do it at once, one does
 * it, and the others wait.
 *
 * @throws StoreError: ERR_STORE_VERSION if a later version has made them; errors of the database
 */
export async function migrate(run: Run, migrations: readonly string[] = MIGRATIONS): Promise<void> {
  await demandUnicode(run);
  while (await step(run, migrations));
  await run({ text: `SET search_path TO ${SCHEMA}` });
}

/** Texts of all languages are stored, and the marks of packs are made of their bytes. */
async function demandUnicode(run: Run): Promise<void> {
  const [row = {}] = await run({ text: 'SHOW server_encoding' });
  const encoding = textOf(row, 'server_encoding');
  if (encoding === 'UTF8') return;
  throw new StoreError('ERR_STORE_ENGINE', `the database has the encoding ${encoding}, and UTF8 is needed`);
}

/** @returns whether there may be another step */
async function step(run: Run, migrations: readonly string[]): Promise<boolean> {
  await run({ text: 'BEGIN' });
  try {
    await run({ text: 'SELECT pg_advisory_xact_lock($1)', values: [LOCK] });
    const version = await versionOf(run);
    if (version > migrations.length) {
      const known = `this one knows versions up to ${migrations.length}`;
      throw new StoreError('ERR_STORE_VERSION', `a later fdmux has made the tables: version ${version}, ${known}`);
    }
    const sql = migrations[version];
    if (sql !== undefined) {
      await run({ text: `SET LOCAL search_path TO ${SCHEMA}` });
      await run({ text: sql });
      await run({ text: `UPDATE ${SCHEMA}.version SET number = ${version + 1}` });
    }
    await run({ text: 'COMMIT' });
    return version + 1 < migrations.length;
  } catch (error) {
    await run({ text: 'ROLLBACK' });
    throw error;
  }
}

async function versionOf(run: Run): Promise<number> {
  const [found = {}] = await run({ text: `SELECT to_regclass('${SCHEMA}.version') IS NULL AS missing` });
  if (Reflect.get(found, 'missing') === true) {
    await run({
      text: `CREATE SCHEMA IF NOT EXISTS ${SCHEMA}; CREATE TABLE ${SCHEMA}.version(number integer NOT NULL);
        INSERT INTO ${SCHEMA}.version VALUES(0)`,
    });
  }
  const [row = {}] = await run({ text: `SELECT number FROM ${SCHEMA}.version` });
  return integerOf(row, 'number');
}
