/** The logs of a store that another process has. */
import type { LogName, Pack } from '../../log/entry.js';
import type { AppendAnswer } from '../../log/shared-log.js';
import { SocketLog, type SocketLogOptions } from '../../log/socket-log.js';
import { type KeptLogs, readKeptLogs } from '../kept-logs.js';
import type { KeptState } from '../log-reads.js';
import { putInto, StateKeeping } from '../state-keeping.js';
import type { HistoryBacklog, StoreAccess, StoreLogs } from '../store-access.js';

/** The logs with their kept states. Other processes append to them, too. */
export class RemoteLogs extends SocketLog implements StoreLogs {
  readonly states: StoreLogs['states'];
  readonly #store: StoreAccess;
  readonly #keeping: StateKeeping;

  private constructor(store: StoreAccess, { states }: KeptLogs, options: SocketLogOptions) {
    super(options);
    this.#store = store;
    this.#keeping = new StateKeeping({ put: putInto(store), isOrdered: true });
    this.states = states;
  }

  /** Opens the logs of a store. @throws StoreError */
  static async open(store: StoreAccess, options: SocketLogOptions): Promise<RemoteLogs> {
    return new RemoteLogs(store, await readKeptLogs(store, true), options);
  }

  get isTakingWrites(): boolean {
    return this.isReachable;
  }

  async stateOf(log: LogName): Promise<KeptState | null> {
    // The process that has the logs gives a log that is read a row, and does not remove it for a while.
    const excerpt = await this.read(log, { after: Number.MAX_SAFE_INTEGER, maxPacks: 1 });
    return excerpt === null ? null : this.#store.read('state', { log }).catch(() => null);
  }

  keep(log: LogName, seq: number, state: string | null): void {
    this.#keeping.keep(log, seq, state);
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
