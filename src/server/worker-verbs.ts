/** The requests of the control process to its workers. */
import type { Metrics } from '../admin/metrics.js';
import type { Verbs } from '../control/request.js';
import type { ChatServer } from './chat-server.js';

/** Returns the verbs of one worker. */
export function workerVerbs(server: ChatServer): Verbs {
  let metrics: Promise<Metrics> | null = null;
  return {
    metrics: async () => {
      // Loaded when somebody asks: most have nothing that gathers them.
      metrics ??= import('../admin/metrics.js').then(({ Metrics: Loaded }) => new Loaded(() => server.readings()));
      return { text: [], result: await (await metrics).render() };
    },
  };
}
