/** The logs of a store whose logs are in Redis. */
import type { LogName, Pack } from '../../log/entry.js';
import type { RemoteLogOptions } from '../../log/remote-log.js';
import type { AppendAnswer } from '../../log/shared-log.js';
import { CountedLog } from '../counted-log.js';
import type { Holding, KeptState, LogEnds } from '../log-reads.js';
import type { LogTop } from '../log-tops.js';
import { startLogs } from '../start-logs.js';
import { StateKeeping } from '../state-keeping.js';
import type { HistoryBacklog, StoreAccess, StoreLogs } from '../store-access.js';
import { removeUnused } from '../unused-logs.js';
import type { RedisState } from './answers.js';
import type { RedisDurability } from './durability.js';
import { RedisBroker, type RedisBrokerOptions, type RedisContent } from './redis-broker.js';
import { RedisLog } from './redis-log.js';

/** The choices of {@link RedisLogs}. */
export interface RedisLogsOptions extends RedisBrokerOptions, RemoteLogOptions {
  /**
   * The last packs of logs of which something is recorded elsewhere, by number. If a log has lost packs up to there, it
   * goes on behind that number: other packs under the same numbers would be taken for those that are recorded.
   */
  readonly recorded?: readonly LogTop<LogName>[];
  /** The store of the lines, which has a row for each log that has had any. @defaultValue none */
  readonly shelves?: Pick<StoreAccess, 'read' | 'write'>;
  /** Whether others append to the logs, too: then no end is known at once. @defaultValue false */
  readonly isShared?: boolean;
}

/** The state of logs when they were opened. */
interface Found {
  readonly states: readonly RedisState[];
  readonly behind: readonly LogName[];
}

/** Packs, states and leases in Redis. The kept state is there, too: both are lost together, or neither. */
export class RedisLogs extends CountedLog implements StoreLogs {
  readonly states: StoreLogs['states'];
  /** The logs that had lost packs which are recorded elsewhere. */
  readonly behind: readonly LogName[];
  readonly #broker: RedisBroker;
  readonly #shelves: Pick<StoreAccess, 'read' | 'write'> | null;
  /** The lines are in another store, which knows nothing of the order of both. */
  readonly #keeping = new StateKeeping({ put: (log, kept) => this.#keep(log, kept), isOrdered: false });

  private constructor(
    broker: RedisBroker,
    { states, behind }: Found,
    { isShared = false, shelves, ...options }: RedisLogsOptions,
  ) {
    super(broker, isShared ? null : states, options);
    this.#broker = broker;
    this.#shelves = shelves ?? null;
    this.behind = behind;
    this.states = states
      .filter(({ top, seq, state }) => state !== null || top > seq)
      .map(({ log, seq, state }) => ({ log, seq, state, tail: [] }));
  }

  /** Opens the logs of a server. @throws StoreError: as {@link RedisLog.open} */
  static async open({ recorded = [], ...options }: RedisLogsOptions): Promise<RedisLogs> {
    const broker = new RedisBroker(options);
    let found = await broker.examine();
    let behind = notReaching(found, recorded);
    if (behind.length > 0) {
      // The nodes that hold the packs have put them back by the time that it is open.
      const log = await RedisLog.open({ ...options, onTrouble: () => undefined });
      try {
        behind = notReaching(await broker.examine(), recorded);
        await log.skip(behind);
      } finally {
        log.close();
      }
      found = await broker.examine();
    }
    const { states } = found;
    const logs = new RedisLogs(broker, { states, behind: behind.map(({ log }) => log) }, options);
    await startLogs(logs, () => broker.problem);
    return logs;
  }

  get isTakingWrites(): boolean {
    return this.isUp;
  }

  /** The durability that the server reported when the logs connected last. */
  get durability(): RedisDurability {
    return this.#broker.durability;
  }

  async stateOf(log: LogName): Promise<KeptState | null> {
    const found = await this.#broker.state(log).catch(() => null);
    return found === null ? null : { seq: found.seq, state: found.state };
  }

  keep(log: LogName, seq: number, state: string | null): void {
    this.#keeping.keep(log, seq, state);
  }

  async removeEmpty(): Promise<void> {
    const { followed, isSteady } = this;
    await this.#broker
      .use(followed)
      .then(() => (isSteady ? this.#broker.logs() : []))
      .then((names) => this.#broker.remove(without(names, followed)))
      .then((names) => {
        this.removed(names);
      })
      .catch(() => undefined);
    if (this.#shelves !== null) await removeUnused(this.#shelves, { followed: [], isSteady });
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

  /**
   * Drops a part of the packs that are in a state and older than a time.
   * @returns how many packs; rejects if that is unknown
   */
  retain(log: LogName, fromMs: number): Promise<number> {
    return this.#broker.retain(log, fromMs);
  }

  /** Returns where all logs begin and end. */
  async ends(): Promise<readonly LogEnds[]> {
    return this.#broker.states(await this.#broker.logs());
  }

  /** Returns what Redis has of all logs. */
  async holdings(): Promise<readonly Holding[]> {
    const states = await this.#broker.states(await this.#broker.logs());
    return states.map(({ log, first, top, state }) => ({ log, first, top, hasState: state !== null, hasLines: false }));
  }

  async #keep(log: LogName, { seq, state }: KeptState): Promise<boolean> {
    if (!this.isUp) return false;
    return this.#broker.keep(log, seq, state).then(
      () => true,
      // A state that the server refuses is given up: a later one contains all of it.
      () => this.isUp,
    );
  }
}

function without(names: readonly LogName[], others: readonly LogName[]): LogName[] {
  const excluded = new Set(others);
  return names.filter((name) => !excluded.has(name));
}

/** Returns the recorded ends that logs do not reach. One that was removed begins behind the floor. */
function notReaching({ states, floor }: RedisContent, recorded: readonly LogTop<LogName>[]): LogTop<LogName>[] {
  const tops = new Map(states.map(({ log, top }) => [log, top]));
  return recorded.filter(({ log, top }) => (tops.get(log) ?? floor) < top);
}
