/** Opens the control socket of a server that keeps data. */
import type { ControlObserver, ControlSocket } from '../control/control-socket.js';
import type { Verbs } from '../control/request.js';
import { toError } from '../errors.js';
import type { DeskParts } from '../server/desk.js';
import type { Log } from '../server/log.js';

/** The differences between servers. */
export interface DeskExtras {
  /** The name of the socket's file. @defaultValue that of a server by itself */
  readonly file?: string;
  /** The verbs that it takes as well. */
  readonly verbs?: Verbs;
  /** The desk whose place it takes; null if there is none. */
  readonly waiting: { leaveTo(verbs: Verbs): void; close(): Promise<void> } | null;
}

/**
 * Opens it in the folder of the data; its modules are loaded only now. A server runs without one, if it must.
 *
 * @param folder - null for a server that keeps no data
 */
export async function openDesk(
  folder: string | null,
  parts: DeskParts,
  log: Log,
  { file, verbs, waiting }: DeskExtras,
): Promise<ControlSocket | null> {
  if (folder === null) return null;
  try {
    const [{ ControlSocket }, { deskOf }] = await Promise.all([
      import('../control/control-socket.js'),
      import('../server/desk.js'),
    ]);
    const all = { ...deskOf(parts), ...verbs };
    waiting?.leaveTo(all);
    return await ControlSocket.open(folder, all, observerOf(log), file);
  } catch (error) {
    const message = toError(error).message;
    log.error('no control socket: fdmux ctl cannot reach this server', { folder, error: message });
    return null;
  } finally {
    void waiting?.close();
  }
}

/** Logs what is asked. */
export function observerOf(log: Log): ControlObserver {
  return {
    asked: (verb, words) => {
      log.info('asked by fdmux ctl', { verb, words });
    },
    stranger: (uid) => {
      log.warn('fdmux ctl of another user refused', { uid });
    },
    failed: (error) => {
      log.error('accepting failed', { error: error.message });
    },
  };
}
