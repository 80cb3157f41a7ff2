/** The preparation of an upgrade, in both of its processes, while the old one still serves. */
import { toError } from '../errors.js';
import type { ServerConfig } from '../server/config/server-config.js';
import { loadModules } from '../server/hand-over/modules.js';
import { rehearse } from '../server/hand-over/rehearsal.js';
import type { Log } from '../server/log.js';

/**
 * Loads and compiles the code of an upgrade, in which nobody is served. The upgrade does without the rehearsal, if it
 * must.
 *
 * @param isAlone - whether this is the new process, which serves nobody yet
 * @throws the error of what the new process could not go on without, such as a package that is not installed
 */
export async function prepare(config: ServerConfig, version: string, log: Log, isAlone: boolean): Promise<void> {
  // The old one has what it needs, and may not find it on the disk any more.
  if (isAlone) await loadModules(config);
  try {
    await rehearse(config, version, isAlone);
  } catch (error) {
    log.warn('the upgrade is not prepared, and takes longer', { error: toError(error).message });
  }
}
