/** The logs of a store in PostgreSQL. */
import type { LogName, Pack } from '../../log/entry.js';
import type { RemoteLogOptions } from '../../log/remote-log.js';
import type { AppendAnswer } from '../../log/shared-log.js';
import { CountedLog } from '../counted-log.js';
import { type KeptLogs, readKeptLogs } from '../kept-logs.js';
import type { KeptState } from '../log-reads.js';
import { startLogs } from '../start-logs.js';
import { putInto, StateKeeping } from '../state-keeping.js';
import type { HistoryBacklog, StoreAccess, StoreLogs } from '../store-access.js';
import { removeUnused } from '../unused-logs.js';
import { PostgresBroker } from './postgres-broker.js';

/** The choices of {@link PostgresLogs}. */
export interface PostgresLogsOptions extends RemoteLogOptions {
  /** Whether others append to the logs, too. @defaultValue false */
  readonly isShared?: boolean;
}

/** Logs whose ends are known at once, if only this server appends to them. */
export class PostgresLogs extends CountedLog implements StoreLogs {
  readonly states: StoreLogs['states'];
  readonly #store: StoreAccess;
  readonly #keeping: StateKeeping;

  private constructor(
    broker: PostgresBroker,
    store: StoreAccess,
    { ends, states }: KeptLogs,
    options: RemoteLogOptions,
  ) {
    super(broker, ends, options);
    this.#store = store;
    this.#keeping = new StateKeeping({ put: putInto(store), isOrdered: true });
    this.states = states;
  }

  /** Opens the logs of a store. @throws StoreError */
  static async open(
    url: string,
    store: StoreAccess,
    { isShared = false, ...options }: PostgresLogsOptions,
  ): Promise<PostgresLogs> {
    const kept = await readKeptLogs(store, isShared);
    const broker = new PostgresBroker({ url });
    const logs = new PostgresLogs(broker, store, kept, options);
    await startLogs(logs, () => broker.problem);
    return logs;
  }

  get isTakingWrites(): boolean {
    return this.isUp;
  }

  stateOf(log: LogName): Promise<KeptState | null> {
    return this.#store.read('state', { log }).catch(() => null);
  }

  keep(log: LogName, seq: number, state: string | null): void {
    this.#keeping.keep(log, seq, state);
  }

  removeEmpty(): Promise<void> {
    const { followed, isSteady } = this;
    return removeUnused(this.#store, { followed, isSteady }, (names) => {
      this.removed(names);
    });
  }

  keepAfter(history: HistoryBacklog): void {
    this.#keeping.after(history);
  }

  override append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    if (this.#keeping.takes(name)) super.append(name, pack, answer);
    else answer.failed('unknown');
  }

  override close(): void {
    this.#keeping.close();
    super.close();
  }
}
