/** Keeps a server by itself away from data that workers go on with. */
import { existsSync } from 'node:fs';
import { processThatLends } from '../control/lent-sockets.js';
import { lendingFileOf, workersIn } from '../control/worker-files.js';

/**
 * Refuses a folder in which workers run: they wait for their control process, whose place the server would take without
 * serving them.
 *
 * @throws Error if some run
 */
export function refuseBesideWorkers(folder: string): void {
  const names = existsSync(folder) ? workersIn(folder) : [];
  const running = names.flatMap((name) => {
    const pid = processThatLends(folder, lendingFileOf(name));
    return pid === null ? [] : [`${name} (process ${pid})`];
  });
  if (running.length === 0) return;
  throw new Error(`${folder}: workers run with this data, which fdmux control goes on with: ${running.join(', ')}`);
}
