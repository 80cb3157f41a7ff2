/** Opens listeners for metrics and health. */
import type { AdminListener, AdminOptions } from '../admin/admin-listener.js';
import type { Readings } from '../admin/readings.js';
import { listen } from '../net/listener.js';
import type { Place } from '../net/place.js';
import type { ServerConfig } from './config/server-config.js';
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

/**
 * Opens the listener that another configuration has, and closes it again, unless the running one is in its way.
 *
 * @throws ListenError
 */
export async function probeAdmin({ admin: at }: ServerConfig, { admin: running }: ServerConfig): Promise<void> {
  if (at === null || (running !== null && mayOverlap(at, running))) return;
  try {
    const listener = await listen({ ...at, socket: {} });
    await listener.close();
  } catch (error) {
    throw new ListenError(at, error);
  }
}

/** Whether one could not be opened beside the other. */
function mayOverlap(one: Place, other: Place): boolean {
  if ('path' in one) return 'path' in other && one.path === other.path;
  return !('path' in other) && one.port === other.port;
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
