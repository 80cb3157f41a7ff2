/** The states that rooms go on from, in the store. */
import type { RoomBeginning, RoomKeeper } from '../chat/room-keeper.js';
import type { RoomSnapshot } from '../chat/snapshot.js';
import { decodeRoom, encodeRoom } from '../chat/snapshot-codec.js';
import type { LogName } from '../log/entry.js';
import type { LastLine } from '../store/line-reads.js';
import { Recent } from '../store/recent.js';
import type { StoreAccess, StoreLogs } from '../store/store-access.js';
import { logIdOf } from './log-id.js';
import { stateIn } from './stored-state.js';

/** Of how many rooms it is known when something last happened, at least: somebody may enter ever new ones. */
const MAX_TIMES = 1_000;

/** Keeps rooms from one run of the server to the next. */
export class StoredRooms implements RoomKeeper {
  readonly #store: StoreAccess;
  readonly #log: StoreLogs;
  readonly #isStored: (name: LogName) => boolean;
  /** The states that are kept of the rooms of this run, and of those of the last one. */
  readonly #kept: Map<LogName, { readonly seq: number; readonly snapshot: RoomSnapshot | null }>;
  /** When the last line of a room was said, and when a room of this run has closed. */
  readonly #times = new Recent<string, number>(MAX_TIMES);

  /** @param lastLines - those of each log */
  constructor(
    store: StoreAccess,
    log: StoreLogs,
    isStored: (name: LogName) => boolean,
    lastLines: readonly LastLine[],
  ) {
    this.#store = store;
    this.#log = log;
    this.#isStored = isStored;
    const latest = [...lastLines].sort((one, other) => one.atMs - other.atMs).slice(-MAX_TIMES);
    for (const { log: name, atMs } of latest) this.#times.set(name, atMs);
    const states = log.states.filter(({ log: name }) => isStored(name));
    this.#kept = new Map(
      states.map(({ log: name, seq, state }) => [
        name,
        { seq, snapshot: state === null ? null : stateIn(name, decodeRoom(state)) },
      ]),
    );
  }

  get logs(): LogName[] {
    return [...this.#kept.keys()];
  }

  beginningOf(log: LogName): RoomBeginning | null {
    if (!this.#isStored(log)) return null;
    const top = this.#log.topOf?.(log) ?? 0;
    const { seq, snapshot } = this.#kept.get(log) ?? { seq: top, snapshot: null };
    // What the log has after that brings its own times.
    const atMs = seq === top ? (this.#times.get(log) ?? 0) : 0;
    return { id: logIdOf(this.#store.facts, log), seq, snapshot, atMs };
  }

  keep(log: LogName, seq: number, snapshot: RoomSnapshot | null, atMs: number): void {
    // A room that is asked for again in this run is a closed one.
    this.#kept.delete(log);
    this.#times.set(log, atMs);
    this.#log.keep(log, seq, snapshot === null ? null : encodeRoom(snapshot));
  }
}
