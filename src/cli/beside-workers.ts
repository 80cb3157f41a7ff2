/** Keeps a server by itself away from data that workers go on with. */
import { existsSync } from 'node:fs';
import { lendingFileOf, workersIn } from '../control/worker-files.js';

/**
 * Refuses a folder in which workers run: they wait for their control process, whose place the server would take without
 * serving them.
 *
 * @throws Error if some run
 */
export async function refuseBesideWorkers(folder: string): Promise<void> {
  const names = existsSync(folder) ? workersIn(folder) : [];
  // A server by itself loads nothing that workers need.
  if (names.length === 0) return;
  const [{ borrowSockets }, { closeFds }] = await Promise.all([
    import('../control/lent-sockets.js'),
    import('../socket/close-fds.js'),
  ]);
  const running = names.flatMap((name) => {
    const lent = borrowSockets(folder, lendingFileOf(name));
    closeFds(lent?.sockets ?? []);
    return lent === null ? [] : [`${name} (process ${lent.pid})`];
  });
  if (running.length === 0) return;
  throw new Error(`${folder}: workers run with this data, which fdmux control goes on with: ${running.join(', ')}`);
}
