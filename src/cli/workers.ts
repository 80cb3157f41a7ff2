/** The processes of workers: how they are started, and which of them run already. */
import { borrowSockets, type Lent } from '../control/lent-sockets.js';
import { lendingFileOf, removeFilesOf, workersIn } from '../control/worker-files.js';
import { findProcess, type WorkerCommand } from '../control/worker-process.js';
import type { Log } from '../server/log.js';
import { closeFds } from '../socket/close-fds.js';

/** The variables that a service manager sets for this process alone. */
const OWN_VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC'] as const;

/** Returns the command of a worker: that of this process, with the name of the worker. */
export function commandOf(name: string): WorkerCommand {
  const env = { ...process.env };
  for (const variable of OWN_VARIABLES) Reflect.deleteProperty(env, variable);
  return { args: [...process.execArgv, ...process.argv.slice(1), '--worker', name], env };
}

/**
 * Finds the workers that run already, because their control process was killed. Those that are too many are told to
 * end.
 */
export function adoptable(folder: string, names: readonly string[], log: Log): ReadonlyMap<string, Lent> {
  const found = new Map<string, Lent>();
  for (const name of workersIn(folder)) {
    const lent = borrowSockets(folder, lendingFileOf(name));
    if (lent === null) removeFilesOf(folder, name);
    else if (names.includes(name)) found.set(name, lent);
    else {
      log.warn('worker is one too many: it ends', { worker: name, pid: lent.pid });
      closeFds(lent.sockets);
      // Told again, one that drains would end at once.
      if (!lent.isDraining) findProcess(lent.pid)?.signal('SIGTERM');
    }
  }
  return found;
}
