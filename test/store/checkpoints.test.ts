import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { STORE_FILE } from '../../src/store/folder.js';
import { openStore, settled } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';

const BODY = new Uint8Array(1_000);

test('what is written is taken into the file while the store is open, before the writer has to', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const path = join(folder, STORE_FILE);
  const before = statSync(path).size;
  const pack = { kind: 'pack', log: 'r:#a', body: BODY, entries: 1, maxEntries: 10_000, atMs: 1 } as const;
  for (let count = 0; count < 600; count += 1) {
    store.write(pack);
  }
  await settled(store);
  await expect.poll(() => statSync(path).size, { timeout: 20_000, interval: 20 }).toBeGreaterThan(before + 300_000);
  await store.close();
  expect(statSync(path).size).toBeGreaterThan(before + 600_000);
});
