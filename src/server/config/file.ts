/** Reads the configuration file, and the files that it names. */
import { toError } from '../../errors.js';
import { GROUP_FILE, parseGroups } from '../groups.js';
import { parseJsonc } from '../jsonc.js';
import { ConfigError } from './config-error.js';
import { checkFile, type ConfigFile } from './schema.js';
import { readWholeFile } from './whole-file.js';

/** Reads the configuration file. @throws {@link ConfigError} */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const source = await readText(path, path);
  let data: unknown;
  try {
    data = parseJsonc(source);
  } catch (error) {
    throw new ConfigError(`${path}:${toError(error).message}`);
  }
  if (Array.isArray(data)) throw new ConfigError(`${path}: the file: must be an object`);
  const checked = checkFile(data);
  if (!('length' in checked)) return checked;
  throw new ConfigError(checked.map((problem) => `${path}: ${problem}`).join('\n'));
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readWholeFile(path);
  } catch (error) {
    throw new ConfigError(`${what} cannot be read: ${toError(error).message}`);
  }
}

/** Reads the message of the day, which may have a file of its own. @throws {@link ConfigError} */
export async function readMotd(
  server: ConfigFile['server'],
  configPath: string | undefined,
): Promise<readonly string[]> {
  if (server.motdFile === undefined) return server.motd;
  const source = await readText(server.motdFile, `${configPath ?? ''}: server.motdFile`);
  return source
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.replace(/[\r\0]/g, ''));
}

/** Reads the numbers of the groups, if the listeners name any. @throws {@link ConfigError} */
export async function readGroups(file: ConfigFile): Promise<ReadonlyMap<string, number>> {
  const names = (file.listeners ?? []).map(({ group }) => group).filter((group) => typeof group === 'string');
  if (names.length === 0) return new Map();
  const groups = parseGroups(await readText(GROUP_FILE, GROUP_FILE));
  const unknown = names.find((name) => !groups.has(name));
  if (unknown !== undefined)
    throw new ConfigError(`listeners: ${GROUP_FILE} has no group ${unknown}; a number will do`);
  return groups;
}
