/** Keeps the states of logs no earlier than the lines that were said up to them. */
import type { LogName } from '../log/entry.js';
import { isRoomLog, SHARED_PRIVATE_LOG } from '../log/log-name.js';
import type { KeptState } from './log-reads.js';
import type { HistoryBacklog, StoreAccess } from './store-access.js';
import type { Failure } from './store-error.js';

/** After how long, in milliseconds, a state that has not been kept is kept again. */
const RETRY_MS = 500;
/** The most bytes of states that wait, as an estimate. */
const MAX_WAITING_BYTES = 33_554_432;
/** The memory of a state besides its text, in bytes. */
const STATE_OVERHEAD = 300;

/** The choices of a {@link StateKeeping}. */
export interface StateKeepingOptions {
  /**
   * Keeps a state, unless one of a later pack is kept. It does not reject.
   *
   * @returns whether the store has answered: it may also have refused the state for good
   */
  readonly put: (log: LogName, kept: KeptState) => Promise<boolean>;
  /**
   * Whether the store keeps no state before the lines that it was given earlier, and fails the state if it fails these.
   * Otherwise each state waits until all lines are stored.
   */
  readonly isOrdered: boolean;
  /** The most bytes of states that wait, as an estimate. @defaultValue 32 MiB */
  readonly maxBytes?: number;
}

/**
 * A state replaces packs, and so the lines in them that are not stored yet: a process that ends could not make these
 * lines again. While lines wait for their next attempt, states wait behind them, the latest of each log. If they are
 * too large together, the oldest is dropped. The earlier state stays with its packs then, so nothing is lost but time:
 * the next process applies more packs.
 */
export class StateKeeping {
  readonly #put: StateKeepingOptions['put'];
  readonly #isOrdered: boolean;
  readonly #maxBytes: number;
  /** The states that are not kept yet, the latest of each log. */
  readonly #wanted = new Map<LogName, KeptState>();
  #bytes = 0;
  /** The logs among them whose states wait, because lines do or because an attempt has failed. */
  readonly #waiting = new Set<LogName>();
  #history: HistoryBacklog | null = null;
  #isWorking = false;
  #retry: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor({ put, isOrdered, maxBytes = MAX_WAITING_BYTES }: StateKeepingOptions) {
    this.#put = put;
    this.#isOrdered = isOrdered;
    this.#maxBytes = maxBytes;
  }

  /** Waits for a history from now on. */
  after(history: HistoryBacklog): void {
    this.#history = history;
  }

  /** Whether a log takes packs: while the history is full, nothing is said that it would lose. */
  takes(log: LogName): boolean {
    return this.#history?.isFull !== true || !hasLines(log);
  }

  /** Keeps the state of a log after a pack. @param state - null if there is none */
  keep(log: LogName, seq: number, state: string | null): void {
    if (this.#isClosed || seq < (this.#wanted.get(log)?.seq ?? 0)) return;
    const kept = { seq, state };
    this.#drop(log);
    this.#wanted.set(log, kept);
    this.#bytes += weightOf(log, kept);
    if (this.#isOrdered && this.#history?.isBehind !== true && !this.#waiting.has(log)) {
      void this.#post(log, kept);
      return;
    }
    this.#waiting.add(log);
    this.#dropOldest();
    void this.#work();
  }

  /** Drops the states that wait. */
  close(): void {
    this.#isClosed = true;
    this.#wanted.clear();
    this.#waiting.clear();
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  /** @returns whether the store has answered */
  async #post(log: LogName, kept: KeptState): Promise<boolean> {
    const isDone = await this.#put(log, kept);
    // A later one may have taken its place.
    if (this.#wanted.get(log) !== kept) return isDone;
    if (isDone) {
      this.#drop(log);
      this.#waiting.delete(log);
    } else {
      // The others are tried before it.
      this.#waiting.delete(log);
      this.#waiting.add(log);
      this.#dropOldest();
      this.#workLater();
    }
    return isDone;
  }

  /** Keeps the states that wait, one after the other. */
  async #work(): Promise<void> {
    if (this.#isWorking || this.#retry !== null) return;
    this.#isWorking = true;
    for (let [log] = this.#waiting; log !== undefined; [log] = this.#waiting) {
      const kept = this.#wanted.get(log);
      await this.#history?.whenStored();
      // It may have been dropped meanwhile.
      if (kept !== undefined && this.#wanted.has(log) && !(await this.#post(log, kept))) break;
    }
    this.#isWorking = false;
    if (this.#waiting.size > 0) this.#workLater();
  }

  #workLater(): void {
    if (this.#isClosed || this.#isWorking) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      void this.#work();
    }, RETRY_MS);
  }

  #drop(log: LogName): void {
    const kept = this.#wanted.get(log);
    if (kept === undefined) return;
    this.#wanted.delete(log);
    this.#bytes -= weightOf(log, kept);
  }

  #dropOldest(): void {
    for (const log of this.#wanted.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#drop(log);
      this.#waiting.delete(log);
    }
  }
}

/** Returns what keeps states in a store as its other writes. */
export function putInto(store: Pick<StoreAccess, 'write'>): StateKeepingOptions['put'] {
  return (log, { seq, state }) =>
    new Promise((resolve) => {
      const written = (): void => {
        resolve(true);
      };
      const failed = ({ code }: Failure): void => {
        resolve(code === 'ERR_STORE_REFUSED');
      };
      store.write({ kind: 'keep', log, seq, state }, { written, failed });
    });
}

function weightOf(log: LogName, { state }: KeptState): number {
  return STATE_OVERHEAD + 2 * (log.length + (state?.length ?? 0));
}

/** Whether what is said in a log goes into the history. */
function hasLines(log: LogName): boolean {
  return isRoomLog(log) || log === SHARED_PRIVATE_LOG;
}
