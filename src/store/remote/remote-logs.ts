/** The logs of a store that another process has. */
import type { LogName, Pack } from '../../log/entry.js';
import { isLogName } from '../../log/messages.js';
import type { AppendAnswer } from '../../log/shared-log.js';
import { SocketLog, type SocketLogOptions } from '../../log/socket-log.js';
import type { KeptState } from '../log-reads.js';
import type { StoreAccess, StoreLogs } from '../store-access.js';

/** Logs of which it is known where they ended when the store was opened, and what was appended here since. */
export class RemoteLogs extends SocketLog implements StoreLogs {
  readonly states: StoreLogs['states'];
  readonly #store: StoreAccess;
  readonly #tops: Map<string, number>;

  private constructor(
    store: StoreAccess,
    tops: Map<string, number>,
    states: StoreLogs['states'],
    options: SocketLogOptions,
  ) {
    super(options);
    this.#store = store;
    this.#tops = tops;
    this.states = states;
  }

  /** Opens the logs of a store. @throws StoreError */
  static async open(store: StoreAccess, options: SocketLogOptions): Promise<RemoteLogs> {
    const ends = await store.read('ends', null);
    const states = await store.read('states', null);
    const kept = states.flatMap(({ log, ...state }) => (isLogName(log) ? [{ log, ...state }] : []));
    return new RemoteLogs(store, new Map(ends.map(({ log, top }) => [log, top])), kept, options);
  }

  get isTakingWrites(): boolean {
    return this.isReachable;
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
