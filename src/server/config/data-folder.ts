/** Finds the folder for data in a configuration file that has mistakes. */
import { dirname, resolve } from 'node:path';
import { parseTolerantly } from '../jsonc.js';
import { readWholeFile } from './whole-file.js';

/**
 * Returns the folder that a file names as its store, whatever else is wrong with it: an operator has to reach a server
 * that runs already also with a file that it would refuse.
 *
 * @returns null if the file cannot be read, or names none
 */
export async function findDataFolder(file: string): Promise<string | null> {
  const source = await readWholeFile(file).catch(() => null);
  const store = source === null ? null : fieldOf(parseTolerantly(source), 'store');
  const path = fieldOf(store, 'path');
  if (typeof path !== 'string' || path === '' || fieldOf(store, 'url') !== undefined) return null;
  return resolve(dirname(file), path);
}

const fieldOf = (value: unknown, name: string): unknown => Reflect.get(Object(value), name);
