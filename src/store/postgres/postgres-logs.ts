/** The logs of a store in PostgreSQL. */
import type { LogName, Pack } from '../../log/entry.js';
import type { RemoteLogOptions } from '../../log/remote-log.js';
import { RemoteLog } from '../../log/remote-log.js';
import type { AppendAnswer } from '../../log/shared-log.js';
import { isLogName } from '../log-names.js';
import type { KeptState } from '../log-reads.js';
import { startLogs } from '../start-logs.js';
import type { StoreAccess, StoreLogs } from '../store-access.js';
import { PostgresBroker } from './postgres-broker.js';

/** Logs of which it is known at once where they end, since only this server appends to them. */
export class PostgresLogs extends RemoteLog implements StoreLogs {
  readonly states: StoreLogs['states'];
  readonly #store: StoreAccess;
  readonly #tops: Map<string, number>;

  private constructor(
    broker: PostgresBroker,
    store: StoreAccess,
    tops: Map<string, number>,
    states: StoreLogs['states'],
    options: RemoteLogOptions,
  ) {
    super(broker, options);
    this.#store = store;
    this.#tops = tops;
    this.states = states;
  }

  /** Opens the logs of a store. @throws StoreError */
  static async open(url: string, store: StoreAccess, options: RemoteLogOptions): Promise<PostgresLogs> {
    const ends = await store.read('ends', null);
    const states = await store.read('states', null);
    const kept = states.flatMap(({ log, ...state }) => (isLogName(log) ? [{ log, ...state }] : []));
    const broker = new PostgresBroker({ url });
    const logs = new PostgresLogs(broker, store, new Map(ends.map(({ log, top }) => [log, top])), kept, options);
    await startLogs(logs, () => broker.problem);
    return logs;
  }

  get isTakingWrites(): boolean {
    return this.isUp;
  }

  topOf(name: LogName): number {
    return this.#tops.get(name) ?? 0;
  }

  stateOf(log: LogName): Promise<KeptState | null> {
    return this.#store.read('state', { log }).catch(() => null);
  }

  keep(log: LogName, seq: number, state: string | null): void {
    this.#store.write({ kind: 'keep', log, seq, state });
  }

  override append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    super.append(name, pack, {
      appended: (seq) => {
        this.#tops.set(name, Math.max(seq, this.topOf(name)));
        answer.appended(seq);
      },
      failed: (why) => {
        answer.failed(why);
      },
    });
  }
}
