/** How each part of the store is written to PostgreSQL, and asked. */
import { StoreError } from '../store-error.js';
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

/** Returns a reader or writer of something that this store does not take: it rejects with ERR_STORE_FAILED. */
export function refusing(why: string): () => Promise<never> {
  return () => Promise.reject(new StoreError('ERR_STORE_FAILED', why));
}

/** Only logs in a file are all known at once. */
export const ofFile = refusing('the logs of a store in PostgreSQL are known by their ends');
