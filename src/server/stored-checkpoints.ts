/** What nodes go on from, in the store that they share. */
import type { Checkpoint, Checkpoints } from '../chat/sharing.js';
import type { LogName } from '../log/entry.js';
import type { StoreLogs } from '../store/store-access.js';

/** How long after a failure a checkpoint is asked for again, in milliseconds. */
const RETRY_MS = 500;

/** Keeps checkpoints in a store. */
export class StoredCheckpoints implements Checkpoints {
  readonly rooms: readonly LogName[];
  readonly #logs: Pick<StoreLogs, 'stateOf' | 'keep'>;
  readonly #retries = new Set<NodeJS.Timeout>();
  #isClosed = false;

  constructor(logs: Pick<StoreLogs, 'states' | 'stateOf' | 'keep'>) {
    this.#logs = logs;
    this.rooms = logs.states.flatMap(({ log, state }) => (log.startsWith('r:') && state !== null ? [log] : []));
  }

  read(log: LogName, take: (found: Checkpoint | null) => void): void {
    void this.#logs.stateOf(log).then((kept) => {
      if (this.#isClosed) return;
      if (kept !== null) {
        const { seq, state } = kept;
        take(state === null ? null : { seq, state });
        return;
      }
      const retry = setTimeout(() => {
        this.#retries.delete(retry);
        this.read(log, take);
      }, RETRY_MS);
      this.#retries.add(retry);
    });
  }

  keep(log: LogName, seq: number, state: string): void {
    this.#logs.keep(log, seq, state);
  }

  /** Reads nothing more. */
  close(): void {
    this.#isClosed = true;
    for (const retry of this.#retries) clearTimeout(retry);
  }
}
