/** A server's control for sessions that stand on no server: nothing is connected, and nobody hears. */
import type { ServerControl } from '../../src/protocol/server-control.js';

export const SILENT_CONTROL: ServerControl = {
  configurationName: '-',
  connections: () => [],
  classes: () => [],
  reload: () => Promise.resolve({ problem: null, waitingKeys: [] }),
  stop: () => undefined,
  log: () => undefined,
  note: () => undefined,
};
