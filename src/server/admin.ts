/** Opens listeners for metrics and health. */
import type { AdminListener, AdminOptions } from '../admin/admin-listener.js';
import type { Readings } from '../admin/readings.js';
import { ListenError } from './listen-error.js';
import type { Log } from './log.js';

/** Options of the listener of one server. */
interface ServerAdminOptions extends Omit<AdminOptions, 'onError' | 'metrics'> {
  readonly readings: () => Readings;
}

/**
 * Opens the listener of one server. Its modules are loaded only now: most servers have no such listener.
 *
 * @throws ListenError
 */
export async function openAdmin({ readings, ...options }: ServerAdminOptions, log: Log): Promise<AdminListener> {
  const { Metrics } = await import('../admin/metrics.js');
  return listenForAdmin({ ...options, metrics: new Metrics(readings) }, log);
}

/** Opens a listener. @throws ListenError */
export async function listenForAdmin(options: Omit<AdminOptions, 'onError'>, log: Log): Promise<AdminListener> {
  const { AdminListener } = await import('../admin/admin-listener.js');
  try {
    return await AdminListener.open({
      ...options,
      onError: (error) => {
        log.error('accepting failed', { error: error.message });
      },
    });
  } catch (error) {
    throw new ListenError(options.at, error);
  }
}
