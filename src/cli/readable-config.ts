/** A look at the configuration before an upgrade. */
import { loadConfig } from '../server/config/load.js';
import type { ServeFlags } from '../server/config/merge.js';

/**
 * Whether this version can read the configuration. The new version may know keys that this one does not. If it is a
 * mistake, that process does not start.
 */
export function isConfigReadable(flags: ServeFlags): Promise<boolean> {
  return loadConfig(flags).then(
    () => true,
    () => false,
  );
}
