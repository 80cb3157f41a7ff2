import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openForReading, openForWriting } from '../../src/store/database.js';
import { findEngine } from '../../src/store/engine.js';
import { temporaryFolder } from '../support/temporary.js';

// https://www.sqlite.org/pragma.html#pragma_synchronous
const NORMAL = 1;
const FULL = 2;

test.each([
  ['process', NORMAL],
  ['power', FULL],
] as const)('with the durability %s, a commit waits for the disk as it must', async (durability, synchronous) => {
  const path = join(temporaryFolder(), 'a.db');
  const connection = openForWriting(await findEngine(), { path, durability, maxBytes: 0 });
  expect(connection.prepare('PRAGMA synchronous').get()).toEqual({ synchronous });
  expect(connection.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
  connection.close();
});

test('a connection that reads cannot write', async () => {
  const engine = await findEngine();
  const path = join(temporaryFolder(), 'a.db');
  const writing = openForWriting(engine, { path, durability: 'process', maxBytes: 0 });
  const reading = openForReading(engine, path);
  expect(() => {
    reading.exec('DELETE FROM ban');
  }).toThrow(/readonly/);
  reading.close();
  writing.close();
});
