/** Loads the configuration of a chat server. */
import { readConfigFile, readGroups, readMotd } from './file.js';
import { mergeConfig, type ServeFlags } from './merge.js';
import { EMPTY_FILE } from './schema.js';
import type { ServerConfig } from './server-config.js';

/**
 * Reads the file that the flags name, if any, and merges both.
 *
 * @throws {@link ConfigError} if the file is invalid, or contradicts the flags
 */
export async function loadConfig(flags: ServeFlags): Promise<ServerConfig> {
  const file = flags.config === undefined ? EMPTY_FILE : await readConfigFile(flags.config);
  const motd = await readMotd(file.server, flags.config);
  return mergeConfig(file, flags, { motd, groups: await readGroups(file) });
}
