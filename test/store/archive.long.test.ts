import { expect, test } from 'vitest';
import { check, importStore } from '../../src/store/archive.js';
import { mark } from '../log/entries.js';
import { temporaryFolder } from '../support/temporary.js';

const PACKS = 1_000_000;
/** Far less than what is imported, and far more than what it costs to import it. */
const MAX_GROWTH_BYTES = 150_000_000;

/** An export of one room with very many packs. */
async function* exported(seen: (packs: number) => void): AsyncGenerator<string, void> {
  const log = { id: 1, name: 'r:#a', first: 1, top: PACKS, kept_seq: 0, kept: null };
  yield `${JSON.stringify({ fdmux: 'export', format: 1, schema: 2, atMs: 0 })}\n`;
  yield `${JSON.stringify({ table: 'log', row: log })}\n`;
  for (let seq = 1; seq <= PACKS; seq += 1) {
    const body = { json: { version: 3, entries: [mark(`${seq} ${'x'.repeat(100)}`)] } };
    yield `${JSON.stringify({ table: 'pack', row: { log: 1, seq, entries: 1, body, at_ms: seq } })}\n`;
    if (seq % 10_000 === 0) seen(await Promise.resolve(seq));
  }
  yield `${JSON.stringify({ rows: PACKS + 1 })}\n`;
}

test('an import of a million lines does not hold them in memory', { timeout: 600_000 }, async () => {
  const folder = temporaryFolder();
  let [base, peak] = [0, 0];
  const seen = (packs: number): void => {
    const { rss } = process.memoryUsage();
    if (packs <= 100_000) base = Math.max(base, rss);
    peak = Math.max(peak, rss);
  };
  expect(await importStore(folder, exported(seen))).toBe(PACKS + 1);
  expect(peak - base).toBeLessThan(MAX_GROWTH_BYTES);
  expect((await check(folder)).problems).toEqual([]);
});
