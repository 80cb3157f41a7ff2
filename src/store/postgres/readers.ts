/** Everything that can be asked of a store in PostgreSQL. */
import type { Reads } from '../tasks.js';
import { accountReaders } from './account-parts.js';
import { saidReaders } from './line-parts.js';
import { lineReaders } from './line-questions.js';
import { searchLines } from './line-search.js';
import type { Run } from './link.js';
import { logReaders } from './log-parts.js';
import { ofFile, type PostgresReaders, refusing } from './parts.js';
import { smallReaders } from './small-parts.js';

/** The logs' broker answers these. */
const ofBroker = refusing('packs and leases are read through the logs');

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
};

/** Answers a question. @throws errors of the database */
export function answerTo<K extends keyof Reads>(run: Run, job: K, ask: Reads[K]['ask']): Promise<Reads[K]['answer']> {
  return READERS[job](run, ask);
}
