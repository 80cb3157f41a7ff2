/** `fdmux data`: what an operator does with the data of a server. */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { foldCase } from '../chat/case-mapping.js';
import { hasCode } from '../errors.js';
import { foldPrecis } from '../protocol/precis.js';
import { check, eraseAccount, exportStore, importStore } from '../store/archive.js';
import type { DataAction } from './data-actions.js';
import { type DataArguments, readArguments } from './data-arguments.js';
import { UsageError } from './usage-error.js';

/** Does one thing with the data of a folder. @returns the exit code */
export async function dataCommand(action: DataAction, typed: DataArguments): Promise<number> {
  const { folder, name } = await readArguments(typed);
  switch (action) {
    case 'check':
      if (name !== undefined) throw new UsageError(`check takes a folder only, not ${name}`);
      return checkCommand(folder);
    case 'export':
      await (name === undefined ? print(folder) : exportTo(name, folder));
      return 0;
    case 'erase-account': {
      if (name === undefined)
        throw new UsageError('name the account, for example: fdmux data erase-account ./data ann');
      const isErased = await eraseAccount(folder, [foldCase(name), foldPrecis(name)]);
      process.stdout.write(`${folder}: ${isErased ? `${name} is erased` : `there is no account ${name}`}\n`);
      return isErased ? 0 : 1;
    }
    case 'import': {
      const rows = await importStore(folder, name === undefined ? process.stdin : createReadStream(name));
      process.stdout.write(`${folder}: ${rows} rows\n`);
      return 0;
    }
  }
}

/** Reads everything, and prints what it finds. @returns the exit code: 1 if something is wrong */
async function checkCommand(folder: string): Promise<number> {
  const { bytes, version, tables, problems } = await check(folder);
  if (problems.length > 0) {
    for (const problem of problems) process.stderr.write(`fdmux: ${folder}: ${problem}\n`);
    return 1;
  }
  const facts = [['bytes', bytes], ['version', version], ...tables].map(([name, value]) => [
    String(name),
    String(value),
  ]);
  const width = Math.max(...facts.map(([name = '']) => name.length));
  const lines = facts.map(([name = '', value = '']) => `  ${name.padEnd(width)}  ${value}\n`);
  process.stdout.write(`${folder}: ok\n${lines.join('')}`);
  return 0;
}

/** Writes to a new file. It has all secrets of the server, and must not be read by others. */
async function exportTo(path: string, folder: string): Promise<void> {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  await once(file, 'open');
  await exportStore(folder, (lines) => writeTo(file, lines));
  file.end();
  await finished(file);
}

async function print(folder: string): Promise<void> {
  try {
    await exportStore(folder, (lines) => writeTo(process.stdout, lines));
  } catch (error) {
    // `fdmux data export | head` is not a failure.
    if (!hasCode(error, 'EPIPE')) throw error;
  }
}

async function writeTo(stream: NodeJS.WritableStream, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}
