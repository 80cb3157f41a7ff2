/** The checkpoints that nodes go on from, in the store that they share. */
import type { Checkpoint, Checkpoints } from '../chat/sharing.js';
import { isClosed } from '../chat/snapshot.js';
import { decodeDomain, decodePrivate, decodeRoom } from '../chat/snapshot-codec.js';
import type { LogName } from '../log/entry.js';
import type { StoreLogs } from '../store/store-access.js';
import { stateIn } from './stored-state.js';

/** How long after a failure a checkpoint is asked for again, in milliseconds. */
const RETRY_MS = 500;

/** Keeps checkpoints in a store. */
export class StoredCheckpoints implements Checkpoints {
  readonly rooms: readonly LogName[];
  readonly #logs: Pick<StoreLogs, 'stateOf' | 'keep'>;
  readonly #retries = new Set<NodeJS.Timeout>();
  #isClosed = false;

  /** @throws StoreError: for a state that this version cannot read */
  constructor(logs: Pick<StoreLogs, 'states' | 'stateOf' | 'keep'>) {
    this.#logs = logs;
    this.rooms = logs.states.flatMap(({ log, state }) => (state !== null && isOfOpenRoom(log, state) ? [log] : []));
  }

  read(log: LogName, take: (found: Checkpoint | null) => void): void {
    void this.#logs.stateOf(log).then((kept) => {
      if (this.#isClosed) return;
      if (kept !== null) {
        take(kept);
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

/** Whether a state is that of a room that has not closed: a closed one is read when somebody enters it. */
function isOfOpenRoom(log: LogName, state: string): boolean {
  if (log.startsWith('r:')) return !isClosed(stateIn(log, decodeRoom(state)));
  if (log === 'd') stateIn(log, decodeDomain(state));
  else stateIn(log, decodePrivate(state));
  return false;
}
