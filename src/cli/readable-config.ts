/** A look at the configuration before an upgrade. */
import { loadConfig } from '../server/config/load.js';
import type { ServeFlags } from '../server/config/serve-flags.js';
import type { ServerConfig } from '../server/config/server-config.js';

/**
 * Returns the configuration; null if this version cannot read it. The new version may know keys that this one does not.
 * If it is a mistake, that process does not start.
 */
export function readableConfig(flags: ServeFlags): Promise<ServerConfig | null> {
  return loadConfig(flags).catch(() => null);
}
