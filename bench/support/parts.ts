/** Published answers of a suite whose parts can be measured one by one. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';

/** The file with every figure of a suite, and its contents. */
interface DataFile<Results> {
  readonly data: string;
  readonly schema: v.GenericSchema<unknown, Results>;
}

/** Returns the results in a folder; nothing if it has none. @throws if it cannot be read */
export function readParts<Results>(folder: string, { data, schema }: DataFile<Results>): Results {
  const path = join(folder, data);
  return v.parse(schema, existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {});
}

/** Puts new answers among those that a folder has, and writes the pages and plots made of them. */
export function publishParts<Results extends object>(
  folder: string,
  file: DataFile<Results>,
  answers: Results,
  filesOf: (results: Results) => Readonly<Record<string, string>>,
): void {
  const results: Results = { ...readParts(folder, file), ...answers };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file.data), `${JSON.stringify(results, null, 1)}\n`);
  for (const [name, text] of Object.entries(filesOf(results))) writeFileSync(join(folder, name), text);
}
