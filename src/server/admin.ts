/** Opens the listener for metrics and health. */
import type { AdminListener, AdminOptions } from '../admin/admin-listener.js';
import { ListenError } from './listen-error.js';
import type { Log } from './log.js';

/**
 * Loads what it needs only now: most servers have none.
 *
 * @throws ListenError
 */
export async function openAdmin(options: Omit<AdminOptions, 'onError'>, log: Log): Promise<AdminListener> {
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
