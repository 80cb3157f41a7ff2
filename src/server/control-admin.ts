/** The listener for metrics and health of a control process. */
import type { AdminListener, AdminOptions } from '../admin/admin-listener.js';
import type { GatheredParts } from '../admin/gathered-metrics.js';
import { listenForAdmin } from './admin.js';
import type { Log } from './log.js';

/** Opens it. Its modules are loaded only now. @throws ListenError */
export async function openControlAdmin(
  { at, phase, ...parts }: Pick<AdminOptions, 'at' | 'phase'> & GatheredParts,
  log: Log,
): Promise<AdminListener> {
  const { GatheredMetrics } = await import('../admin/gathered-metrics.js');
  return listenForAdmin({ at, phase, metrics: new GatheredMetrics(parts) }, log);
}
