/** The logs of a store that another process has. */
import type { LogName, Pack } from '../../log/entry.js';
import type { AppendAnswer } from '../../log/shared-log.js';
import { SocketLog, type SocketLogOptions } from '../../log/socket-log.js';
import { type KeptLogs, readKeptLogs } from '../kept-logs.js';
import type { KeptState } from '../log-reads.js';
import { LogTops } from '../log-tops.js';
import type { StoreAccess, StoreLogs } from '../store-access.js';

/** Logs whose ends at the opening of the store are known, with the appends made here since. */
export class RemoteLogs extends SocketLog implements StoreLogs {
  readonly states: StoreLogs['states'];
  readonly #store: StoreAccess;
  readonly #tops: LogTops;

  private constructor(store: StoreAccess, { ends, states }: KeptLogs, options: SocketLogOptions) {
    super(options);
    this.#store = store;
    this.#tops = new LogTops(ends);
    this.states = states;
  }

  /** Opens the logs of a store. @throws StoreError */
  static async open(store: StoreAccess, options: SocketLogOptions): Promise<RemoteLogs> {
    return new RemoteLogs(store, await readKeptLogs(store), options);
  }

  get isTakingWrites(): boolean {
    return this.isReachable;
  }

  topOf(name: LogName): number {
    return this.#tops.of(name);
  }

  stateOf(log: LogName): Promise<KeptState | null> {
    return this.#store.read('state', { log }).catch(() => null);
  }

  keep(log: LogName, seq: number, state: string | null): void {
    this.#store.write({ kind: 'keep', log, seq, state });
  }

  override append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    super.append(name, pack, this.#tops.counting(name, answer));
  }
}
