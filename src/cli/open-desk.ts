/** Opens the control socket of a server that keeps data. */
import type { ControlSocket } from '../control/control-socket.js';
import type { DeskParts } from '../server/desk.js';
import type { Log } from '../server/log.js';

/**
 * Opens it in the folder of the data; what it needs is loaded only now. A server runs without one, if it must.
 *
 * @param folder - null for a server that keeps no data
 */
export async function openDesk(folder: string | null, parts: DeskParts, log: Log): Promise<ControlSocket | null> {
  if (folder === null) return null;
  const [{ ControlSocket }, { deskOf }] = await Promise.all([
    import('../control/control-socket.js'),
    import('../server/desk.js'),
  ]);
  try {
    return await ControlSocket.open(folder, deskOf(parts), {
      asked: (verb, words) => {
        log.info('asked by fdmux ctl', { verb, words });
      },
      stranger: (uid) => {
        log.warn('fdmux ctl of another user refused', { uid });
      },
      failed: (error) => {
        log.error('accepting failed', { error: error.message });
      },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.error('no control socket: fdmux ctl cannot reach this server', { folder, error: message });
    return null;
  }
}
