/** The counts of a server since its start, for its metrics. */
import type { LabeledCount } from '../admin/readings.js';

/** Why a connection was refused: it is banned, one too many, from a proxy not believed, or its handshake failed. */
export type RefusalCause = 'ban' | 'limit' | 'proxy' | 'handshake';

/** How a TLS handshake has ended. */
export type HandshakeResult = 'ok' | 'timeout' | 'unauthorized' | 'not-tls' | 'failed';

/** Counters that only grow. */
export class Tally {
  /** Events handed to links. */
  deliveries = 0;
  /** Peers that were closed since they read too slowly. */
  slowReadersClosed = 0;
  readonly #handshakes: Record<HandshakeResult, number> = {
    ok: 0,
    timeout: 0,
    unauthorized: 0,
    'not-tls': 0,
    failed: 0,
  };
  readonly #refused: Record<RefusalCause, number> = { ban: 0, limit: 0, proxy: 0, handshake: 0 };

  refused(cause: RefusalCause): void {
    this.#refused[cause] += 1;
  }

  get refusals(): LabeledCount[] {
    return Object.entries(this.#refused).map(([cause, count]) => ({ labels: { cause }, count }));
  }

  handshake(result: HandshakeResult): void {
    this.#handshakes[result] += 1;
  }

  get handshakes(): LabeledCount[] {
    return Object.entries(this.#handshakes).map(([result, count]) => ({ labels: { result }, count }));
  }
}
