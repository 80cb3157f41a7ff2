/**
 * The place of this code on the disk. An ES module, which knows its URL instead, has another line here.
 *
 * A bundler can remove both; the program's first file is the next best. A single executable application has a path as
 * it was typed.
 */
import { resolve } from 'node:path';

export const here: string = resolve(
  typeof __filename === 'string' ? __filename : (process.argv[1] ?? process.execPath),
);
