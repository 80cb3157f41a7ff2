/** The words that the user has typed after `fdmux data`. */
import { loadConfig } from '../server/config/load.js';
import { UsageError } from './usage-error.js';

/** The two ways to name the folder beside the argument. */
export interface DataFlags {
  readonly data?: string;
  readonly config?: string;
}

/** The arguments after the action. */
export interface DataArguments {
  readonly folder: string | undefined;
  readonly name: string | undefined;
  readonly flags: DataFlags;
}

/**
 * Decides what each argument is: if an option names the folder, the first one is what the second would be.
 *
 * @throws UsageError if the folder is not named once; ConfigError if the configuration file names none
 */
export async function readArguments({
  folder,
  name,
  flags,
}: DataArguments): Promise<{ folder: string; name?: string }> {
  const named = await folderOf(flags, 'use its own tools');
  if (named === null) {
    if (folder === undefined) throw new UsageError('name the folder of the data, for example: fdmux data check ./data');
    return { folder, ...(name !== undefined && { name }) };
  }
  if (name !== undefined) throw new UsageError('name the folder of the data only once');
  return { folder: named, ...(folder !== undefined && { name: folder }) };
}

/**
 * Returns the folder that an option names; null if none does.
 *
 * @param ofDatabase - what the user is told if the configuration file names a database
 * @throws UsageError; ConfigError
 */
export async function folderOf({ data, config }: DataFlags, ofDatabase: string): Promise<string | null> {
  if (config === undefined) return data ?? null;
  if (data !== undefined) throw new UsageError('name the folder of the data only once');
  const { store } = await loadConfig({ config });
  if (store === null) throw new UsageError(`${config} names no folder for data ("store")`);
  if (store.kind !== 'sqlite') throw new UsageError(`${config} names a database for data: ${ofDatabase}`);
  return store.path;
}
