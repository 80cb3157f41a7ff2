/** Everything that can be asked of a store in PostgreSQL. */
import { StoreError } from '../store-error.js';
import type { Reads } from '../tasks.js';
import { accountReaders } from './account-parts.js';
import { saidReaders } from './line-parts.js';
import { lineReaders } from './line-questions.js';
import { searchLines } from './line-search.js';
import type { Run } from './link.js';
import { logReaders } from './log-parts.js';
import type { PostgresReaders } from './parts.js';
import { smallReaders } from './small-parts.js';

/** The logs' broker answers these. */
const ofBroker = (): Promise<never> => {
  return Promise.reject(new StoreError('ERR_STORE_FAILED', 'packs and leases are read through the logs'));
};

/** Only logs in a file remove the rows of logs. */
const ofFile = (): Promise<never> => {
  return Promise.reject(new StoreError('ERR_STORE_FAILED', 'a store in PostgreSQL keeps the rows of all logs'));
};

const READERS: PostgresReaders<keyof Reads> = {
  ...accountReaders,
  ...logReaders,
  ...lineReaders,
  ...smallReaders,
  ...saidReaders,
  search: searchLines,
  packs: ofBroker,
  expired: ofBroker,
  living: ofBroker,
  tops: ofFile,
  'empty-logs': ofFile,
};

/** Answers a question. @throws errors of the database */
export function answerTo<K extends keyof Reads>(run: Run, job: K, ask: Reads[K]['ask']): Promise<Reads[K]['answer']> {
  return READERS[job](run, ask);
}
