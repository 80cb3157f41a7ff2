/** Operations on stores from outside a server: checks, exports, imports, and the erasing of accounts. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Findings } from './check.js';
import { findFile, lockFolder, STORE_FILE } from './folder.js';
import { Store } from './store.js';
import { StoreError } from './store-error.js';
import { StoreThread } from './store-thread.js';
import { StoredAccounts } from './stored-accounts.js';
import type { ThreadData } from './tasks.js';

/** About how many characters pass from one thread to the other at once. */
const PART_LENGTH = 262_144;
/** The longest line of an export: the state of a very large room. */
const MAX_LINE_LENGTH = 268_435_456;
/** The file that an import writes to until it is complete. */
const UNFINISHED = `${STORE_FILE}.import`;

/** Reads everything in the store of a folder, which a server may use. @throws StoreError if there is none */
export async function check(folder: string): Promise<Findings & { readonly bytes: number }> {
  const path = findFile(folder);
  return onThread({ role: 'read', path }, async (thread) => ({
    ...(await thread.ask('check', null)),
    // The latest writes are beside the file.
    bytes: sizeOf(path) + sizeOf(`${path}-wal`),
  }));
}

/**
 * Writes out the store of a folder, as it is at one moment; a server may use it.
 *
 * @param write - gets lines, and is waited for
 * @throws StoreError, and what `write` does
 */
export async function exportStore(folder: string, write: (lines: string) => Promise<void>): Promise<void> {
  await onThread({ role: 'read', path: findFile(folder) }, async (thread) => {
    for (;;) {
      const lines = await thread.ask('export', { length: PART_LENGTH });
      if (lines === '') return;
      await write(lines);
    }
  });
}

/**
 * Makes the store of a folder that has none. All of the lines are in it afterwards, or there is no store.
 *
 * @returns how many rows it has
 * @throws StoreError, and what reading throws
 */
export async function importStore(folder: string, input: AsyncIterable<string | Uint8Array>): Promise<number> {
  const lockFd = lockFolder(folder);
  const path = join(folder, STORE_FILE);
  const unfinished = join(folder, UNFINISHED);
  try {
    // SQLite would mistake the write-ahead log of a deleted file for that of the new one, and destroy it.
    const found = [STORE_FILE, `${STORE_FILE}-wal`].find((name) => sizeOf(join(folder, name)) > 0);
    if (found !== undefined) {
      const message = `${folder}: a store is there already (${found}); move all of it away, or take another folder`;
      throw new StoreError('ERR_STORE_NOT_EMPTY', message);
    }
    rmSync(unfinished, { force: true });
    closeSync(openSync(unfinished, 'wx', 0o600));
    const rows = await onThread({ role: 'import', path: unfinished }, async (thread) => {
      for await (const lines of batches(input)) await thread.ask('import', { lines });
      return thread.ask('import-end', null);
    });
    renameSync(unfinished, path);
    syncFolder(folder);
    return rows;
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    closeSync(lockFd);
  }
}

/**
 * Erases an account, with everything that belongs to it and everything that it has said. No server may use the folder.
 *
 * @param names - the forms that its folded name may have
 * @returns whether there was one
 */
export async function eraseAccount(folder: string, names: readonly string[]): Promise<boolean> {
  findFile(folder);
  const store = await Store.open({ folder, durability: 'power' }, () => undefined);
  try {
    const accounts = new StoredAccounts(store);
    for (const folded of new Set(names)) if (await accounts.erase(folded)) return true;
    return false;
  } finally {
    await store.close();
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** A name is as durable as its folder. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

/** Cuts a text into lines, many at a time. @throws StoreError if a line is longer than any of an export */
async function* batches(input: AsyncIterable<string | Uint8Array>): AsyncGenerator<string[], void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let lines: string[] = [];
  let length = 0;
  for await (const chunk of input) {
    const [first = '', ...more] = (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })).split(
      '\n',
    );
    rest += first;
    for (const start of more) {
      lines.push(rest);
      length += rest.length;
      rest = start;
    }
    if (rest.length > MAX_LINE_LENGTH) throw new StoreError('ERR_STORE_IMPORT', 'there is a line that is too long');
    if (length < PART_LENGTH) continue;
    yield lines;
    lines = [];
    length = 0;
  }
  yield rest === '' ? lines : [...lines, rest];
}

async function onThread<T>(
  data: Pick<ThreadData, 'role' | 'path'>,
  work: (thread: StoreThread) => Promise<T>,
): Promise<T> {
  const thread = await StoreThread.start({ ...data, durability: 'power', maxBytes: 0 }, () => undefined);
  try {
    return await work(thread);
  } finally {
    await thread.close();
  }
}
