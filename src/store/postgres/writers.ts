/** Everything that can be written to a store in PostgreSQL: batches, each in one transaction. */
import type { Write, Writes } from '../tasks.js';
import { accountWriters } from './account-parts.js';
import { goneWriters } from './gone-parts.js';
import { insertLines, linesThere, lineWriters, type ShelvedLine } from './line-parts.js';
import type { Run } from './link.js';
import { logWriters } from './log-parts.js';
import { type PostgresWriters, refusing } from './parts.js';
import { smallWriters } from './small-parts.js';
import { transaction } from './transaction.js';

/** The logs' broker writes these. */
const ofBroker = refusing('packs and leases are written through the logs');

const WRITERS: PostgresWriters<keyof Writes> = {
  ...accountWriters,
  ...logWriters,
  ...lineWriters,
  ...goneWriters,
  ...smallWriters,
  pack: ofBroker,
  lease: ofBroker,
  forget: ofBroker,
  trial: ofBroker,
};

/**
 * A number that only nodes that write lines use: all write the same ones, and two would wait for each other. One that
 * erases an account uses it, too: each line is stored before that, and erased with the others, or finds its mark.
 */
const LINES_LOCK = 0x66646d7b;

const LOCK = 'SELECT id FROM log WHERE name = ANY($1) ORDER BY name FOR NO KEY UPDATE';

function carryOut<K extends keyof Writes>(run: Run, write: Write<K>): Promise<number> {
  const writer: (run: Run, write: Write<K>) => Promise<number> = WRITERS[write.kind];
  return writer(run, write);
}

/**
 * Writes all of a batch or nothing of it.
 *
 * @param isShared - whether others may write to the same database
 * @returns a number for each write
 * @throws errors of the database
 */
export async function writeAll(run: Run, batch: readonly Write[], isShared: boolean): Promise<number[]> {
  const late = batch.filter((write) => write.kind === 'line').filter(({ isLate }) => isLate === true);
  const there = await linesThere(run, late);
  if (there.size === batch.length) return batch.map(() => 1);
  return transaction(run, async () => {
    await lockLogs(run, batch, isShared ? 1 : 2);
    const isWithLines = batch.some(
      (write) => write.kind === 'account-erase' || (write.kind === 'line' && !there.has(write)),
    );
    if (isShared && isWithLines) {
      await run({ name: 'lock-lines', text: 'SELECT pg_advisory_xact_lock($1)', values: [LINES_LOCK] });
    }
    const results: number[] = [];
    while (results.length < batch.length) results.push(...(await writeNext(run, batch, results.length, there)));
    return results;
  });
}

/**
 * Locks the rows of all logs that a batch changes, in the order in which `append` does: otherwise a batch and an append
 * can wait for each other, and the database ends one of them.
 *
 * @param least - how many logs there must be for that: one alone is locked by its change
 */
async function lockLogs(run: Run, batch: readonly Write[], least: number): Promise<void> {
  const logs = batch.flatMap((write) => {
    if (write.kind === 'use-logs') return write.logs;
    return write.kind === 'keep' || write.kind === 'retain' || write.kind === 'trim' ? [write.log] : [];
  });
  if (logs.length < least) return;
  await run({ name: 'lock', text: LOCK, values: [logs] });
}

/**
 * Writes one thing, or all lines that follow each other: they are most of a busy server's writes.
 *
 * @param there - lines that need not be written
 */
async function writeNext(
  run: Run,
  batch: readonly Write[],
  next: number,
  there: ReadonlySet<ShelvedLine>,
): Promise<number[]> {
  const lines: ShelvedLine[] = [];
  for (let write = batch[next]; write?.kind === 'line'; write = batch[next + lines.length]) lines.push(write);
  if (lines.length > 0) {
    const missing = lines.filter((line) => !there.has(line));
    if (missing.length > 0) await insertLines(run, missing);
    return lines.map(() => 1);
  }
  const write = batch[next];
  return write === undefined ? [] : [await carryOut(run, write)];
}
