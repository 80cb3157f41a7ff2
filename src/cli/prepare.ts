/** The preparation of an upgrade, in both of its processes, while the old one still serves. */
import { toError } from '../errors.js';
import type { ServerConfig } from '../server/config/server-config.js';
import { rehearse } from '../server/hand-over/rehearsal.js';
import type { Log } from '../server/log.js';

/**
 * Loads and compiles the code of an upgrade, in which nobody is served. The upgrade does without this, if it must.
 *
 * @param isAlone - whether this is the new process, which serves nobody yet
 */
export async function prepare(config: ServerConfig, version: string, log: Log, isAlone: boolean): Promise<void> {
  try {
    await load(config);
    await rehearse(config, version, isAlone);
  } catch (error) {
    log.warn('the upgrade is not prepared, and takes longer', { error: toError(error).message });
  }
}

/** Loads the modules that only some configurations need. */
async function load({ store, node, domain }: ServerConfig): Promise<void> {
  if (store !== null) {
    await Promise.all([
      import('../server/keeping.js'),
      import('../control/control-socket.js'),
      import('../server/desk.js'),
    ]);
  }
  if (store?.kind === 'control') {
    await Promise.all([import('../store/remote/remote-store.js'), import('../store/remote/remote-logs.js')]);
  }
  if (node !== null) await import('../server/nodes/open.js');
  if (domain !== null) await import('../server/open-domains.js');
}
