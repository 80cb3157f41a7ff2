/** Everything that can be asked of the store. */
import { accountReads } from './account-reads.js';
import { banReads } from './ban-reads.js';
import { commonReads } from './common-facts.js';
import { erasedReads } from './erased-reads.js';
import { lineReads } from './line-reads.js';
import { searchReads } from './line-search.js';
import { logReads } from './log-reads.js';
import { markerReads } from './marker-reads.js';
import { memberReads } from './member-reads.js';
import { saidReads } from './said.js';
import type { ReadersOf, Reads } from './tasks.js';

/** How each question is answered. */
export const READERS: ReadersOf<Reads> = {
  ...accountReads,
  ...logReads,
  ...banReads,
  ...lineReads,
  ...searchReads,
  ...memberReads,
  ...markerReads,
  ...erasedReads,
  ...commonReads,
  ...saidReads,
};
