/** A store of which the logs are in Redis, and everything else elsewhere. */
import type { Found, SearchQuery } from '../../history/search-query.js';
import { isLogName } from '../../log/log-name.js';
import type { Holding } from '../log-reads.js';
import type { StoreReadings } from '../store.js';
import type { StoreAccess } from '../store-access.js';
import type { Reads, StoreFacts, Write } from '../tasks.js';
import type { WriteAnswer } from '../write-batches.js';
import { redisError } from './redis-error.js';
import type { RedisLogs } from './redis-logs.js';

/** The part of the logs that this uses. */
type LogsInRedis = Pick<RedisLogs, 'keep' | 'retain' | 'ends' | 'holdings'>;

/** Asks Redis for the ends of the logs, and has it drop old packs; everything else goes to the other store. */
export class StoreWithRedis implements StoreAccess {
  readonly #store: StoreAccess;
  readonly #logs: LogsInRedis;
  readonly #readers: { readonly [K in keyof Reads]?: (ask: Reads[K]['ask']) => Promise<Reads[K]['answer']> };

  constructor(store: StoreAccess, logs: LogsInRedis) {
    this.#store = store;
    this.#logs = logs;
    this.#readers = { ends: () => logs.ends(), holdings: () => this.#holdings() };
  }

  /** Packs and states are in Redis; lines are in the other store, also those of logs that are not in Redis. */
  async #holdings(): Promise<Holding[]> {
    const held = new Map((await this.#logs.holdings()).map((one) => [one.log, one]));
    for (const { log, hasLines } of await this.#store.read('holdings', null)) {
      if (hasLines) held.set(log, { log, first: 1, top: 0, hasState: false, ...held.get(log), hasLines });
    }
    return [...held.values()];
  }

  get facts(): StoreFacts {
    return this.#store.facts;
  }

  write(write: Write, answer?: WriteAnswer): void {
    if (write.kind === 'keep' && isLogName(write.log)) {
      this.#logs.keep(write.log, write.seq, write.state);
      answer?.written(write.seq);
    } else if (write.kind === 'retain' && isLogName(write.log)) {
      this.#logs.retain(write.log, write.fromMs).then(
        (dropped) => answer?.written(dropped),
        (error: unknown) => {
          const { code, message } = redisError(error);
          answer?.failed({ code, message });
        },
      );
    } else {
      this.#store.write(write, answer);
    }
  }

  hurry(): void {
    this.#store.hurry?.();
  }

  async read<K extends keyof Reads>(job: K, ask: Reads[K]['ask']): Promise<Reads[K]['answer']> {
    const reader: ((ask: Reads[K]['ask']) => Promise<Reads[K]['answer']>) | undefined = this.#readers[job];
    if (reader === undefined) return this.#store.read(job, ask);
    return reader(ask).catch((error: unknown) => {
      throw redisError(error);
    });
  }

  search(query: SearchQuery): Promise<Found> {
    return this.#store.search(query);
  }

  get isBusy(): boolean {
    return this.#store.isBusy;
  }

  readings(): StoreReadings {
    return this.#store.readings();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
