import { expect, test, vi } from 'vitest';
import { integerOf } from '../../src/store/columns.js';
import { openForWriting } from '../../src/store/database.js';
import { findEngine } from '../../src/store/engine.js';
import { Merging } from '../../src/store/merging.js';
import { Tables } from '../../src/store/tables.js';
import { begin, indexNextLines, mergeParts, writeBatch } from '../../src/store/writer.js';
import { chatLines } from '../support/chat-lines.js';
import { temporaryFolder } from '../support/temporary.js';

/** Steps of a merging, each of which ends when the test says so. */
function heldSteps() {
  const steps: { readonly pages: number; readonly end: (isMore: boolean) => void; readonly fail: () => void }[] = [];
  const merging = new Merging(
    (pages) =>
      new Promise((resolve, reject) => {
        steps.push({ pages, end: resolve, fail: () => reject(new Error('full')) });
      }),
  );
  const next = (count: number) => vi.waitFor(() => expect(steps).toHaveLength(count));
  return { steps, merging, next };
}

test('parts are merged a little at a time until there is nothing to merge', async () => {
  const { steps, merging, next } = heldSteps();
  merging.indexed(9);
  expect(steps.map(({ pages }) => pages)).toEqual([8]);
  steps[0]?.end(true);
  await next(2);
  // Another run of the indexing starts no second one beside it.
  merging.indexed(9);
  steps[1]?.end(false);
  await new Promise((resolve) => setImmediate(resolve));
  expect(steps).toHaveLength(2);
  merging.indexed(1);
  await next(3);
});

test('merging keeps step with lines that are indexed in great numbers', async () => {
  const { steps, merging, next } = heldSteps();
  merging.indexed(10);
  merging.indexed(1000);
  merging.indexed(1000);
  steps[0]?.end(true);
  await next(2);
  steps[1]?.end(true);
  await next(3);
  expect(steps.map(({ pages }) => pages)).toEqual([8, 1000, 8]);
});

test('a step that fails ends it, until more lines are indexed', async () => {
  const { steps, merging, next } = heldSteps();
  merging.indexed(1);
  steps[0]?.fail();
  await new Promise((resolve) => setImmediate(resolve));
  expect(steps).toHaveLength(1);
  merging.indexed(1);
  await next(2);
});

test('the index has few parts however many there were, and none is merged before its turn', async () => {
  const connection = openForWriting(await findEngine(), {
    path: `${temporaryFolder()}/fdmux.db`,
    durability: 'process',
    maxBytes: 0,
  });
  const tables = new Tables(connection);
  begin(tables);
  const next = chatLines(3);
  const parts = (): number => {
    const row = connection.prepare('SELECT count(DISTINCT segid) AS parts FROM line_text_idx').get();
    return integerOf(row ?? {}, 'parts');
  };
  let most = 0;
  for (let n = 0; n < 3_000; n += 10) {
    const lines = Array.from({ length: 10 }, (_, index) => lineOf(n + index, next()));
    writeBatch(
      tables,
      lines.map((line) => ({ kind: 'line', shelf: 'r:#a', line })),
    );
    indexNextLines(tables, { lines: 50 });
    while (mergeParts(tables, { pages: 4 }));
    most = Math.max(most, parts());
  }
  // At most three of each size wait for a fourth, and four are being merged.
  expect(most).toBeLessThanOrEqual(20);
  for (let n = 3_000; n < 3_015; n += 1) {
    writeBatch(tables, [{ kind: 'line', shelf: 'r:#a', line: lineOf(n, next()) }]);
    const before = parts();
    indexNextLines(tables, { lines: 50 });
    expect(parts()).toBe(before + 1);
    if (before + 1 > 12) while (mergeParts(tables, { pages: 4 }));
  }
  connection.exec("INSERT INTO line_text(line_text) VALUES('integrity-check')");
  connection.close();
});

function lineOf(seq: number, text: string) {
  return {
    ...({ seq, part: 0, atMs: 1_700_000_000_000 + seq, kind: 'message', msgid: `id-${seq}`, peer: null } as const),
    ...{ source: 'ann!a@host', account: null, target: '#a', ranks: 0, text, tags: [], object: null, bits: 0 },
  };
}
