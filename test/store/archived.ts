/** Stores that are written out as text, and made of it. */
import { exportStore, importStore } from '../../src/store/archive.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import { Answers } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { openStore } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';

export const ROOM = 'r:#a';

/** Makes a store with packs and a ban. @returns its folder */
export async function filled(packs = 3): Promise<string> {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store);
  for (let n = 1; n <= packs; n += 1) log.append(ROOM, [mark(`${n} 你好 "\\`)], new Answers());
  log.keep(ROOM, 1, '{"x":"\\u2028"}');
  const ban = { kind: 'users', mask: 'a!*@*', reason: 'r', by: 'ann', atMs: 5, untilMs: null };
  store.write({ kind: 'ban', ban });
  await store.close();
  return folder;
}

export async function linesOf(folder: string): Promise<string[]> {
  let text = '';
  await exportStore(folder, (lines) => {
    text += lines;
    return Promise.resolve();
  });
  return text.trimEnd().split('\n');
}

export function importLines(lines: readonly string[], folder = temporaryFolder()): Promise<number> {
  // In chunks that begin and end anywhere, in the middle of a character too.
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const chunks = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, n) => bytes.subarray(n * 7, n * 7 + 7));
  return importStore(folder, chunksOf(chunks));
}

async function* chunksOf(chunks: readonly Buffer[]): AsyncGenerator<Buffer, void> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

/** What a store of version 2 was exported as: a log with one pack. */
export const exported: readonly string[] = [
  { fdmux: 'export', format: 1, schema: 2, atMs: 0 },
  { table: 'fact', row: { name: 'prefix', value: 'p' } },
  { table: 'log', row: { id: 1, name: ROOM, first: 1, top: 1, kept_seq: 0, kept: null } },
  {
    table: 'pack',
    row: { log: 1, seq: 1, entries: 1, body: { json: { version: 3, entries: [mark('1')] } }, at_ms: 5 },
  },
  { rows: 3 },
].map((line) => JSON.stringify(line));
