/** How each part of the store is written to PostgreSQL, and asked. */
import type { Reads, Writes } from '../tasks.js';
import type { Run } from './link.js';

/** How each kind of a part's writes is written, within a transaction. */
export type PostgresWriters<K extends keyof Writes> = {
  readonly [J in K]: (run: Run, write: Writes[J]) => Promise<number>;
};

/** How each question to a part is answered. */
export type PostgresReaders<K extends keyof Reads> = {
  readonly [J in K]: (run: Run, ask: Reads[J]['ask']) => Promise<Reads[J]['answer']>;
};
