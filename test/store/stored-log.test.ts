/** A log in memory whose packs are in a store. */
import { expect, test } from 'vitest';
import { encodePack } from '../../src/log/codec.js';
import type { Page } from '../../src/store/log-reads.js';
import { StoredLog } from '../../src/store/stored-log.js';
import { Ear } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { until } from '../support/deadline.js';

/** A pack as the store has it. */
function stored(seq: number): Page['packs'][number] {
  const encoded = encodePack([mark(`${seq}`)]);
  return { seq, body: encoded.kind === 'bytes' ? encoded.bytes : expect.fail(encoded.kind) };
}

/** A log whose reads are answered by the test. */
function slowLog(top: number | null): { readonly log: StoredLog; readonly answer: (page: Page) => void } {
  const waiting: ((page: Page) => void)[] = [];
  const read = (): Promise<Page> => new Promise((resolve) => waiting.push(resolve));
  const log = new StoredLog({ top, read, abandoned: () => undefined });
  return { log, answer: (page) => waiting.shift()?.(page) };
}

test.each([5, null])(
  'a pack that is stored while an empty page is read is not taken for missing (top: %s)',
  async (top) => {
    const { log, answer } = slowLog(top);
    const ear = new Ear();
    log.follow(3, ear);
    log.stored(6, [mark('6')]);
    answer({ packs: [], first: 6, top: 5 });
    await until(() => ear.packs.length > 0, 'what is missing');
    expect(ear.packs).toEqual(['missing 4-5']);
    answer({ packs: [stored(6)], first: 6, top: 6 });
    await until(() => ear.course.includes('caught up'), 'the end');
    expect(ear.packs).toEqual(['missing 4-5', '6 6']);
  },
);

test('a pack in a page that is not reported yet comes with its report', async () => {
  const { log, answer } = slowLog(1);
  const ear = new Ear();
  log.follow(0, ear);
  answer({ packs: [stored(1), stored(2)], first: 1, top: 2 });
  await until(() => ear.course.includes('caught up'), 'the end');
  expect(ear.packs).toEqual(['1 1']);
  log.stored(2, [mark('2')]);
  expect(ear.packs).toEqual(['1 1', '2 2']);
});

test('a store that has less than it has reported keeps nobody reading', async () => {
  const { log, answer } = slowLog(5);
  const ear = new Ear();
  log.follow(3, ear);
  answer({ packs: [], first: 5, top: 4 });
  await until(() => ear.course.includes('caught up'), 'the end');
  expect(ear.packs).toEqual(['missing 4-5']);
});
