/** States that begin from checkpoints, and are saved as checkpoints. */
import type { Unreadable } from '../log/codec.js';
import type { LogName } from '../log/entry.js';
import type { ReplicaOwner } from './replica.js';
import type { Checkpoints } from './sharing.js';
import type { DecodedState } from './snapshot-codec.js';

/** A state is saved again after this number of packs: a process that begins applies about that many at most. */
const PACKS_BETWEEN_CHECKPOINTS = 1_000;

/** Writes a state as text, and reads it. */
export interface StateCodec<S> {
  encode(state: S): string;
  decode(text: string): DecodedState<S>;
}

/** A log with its state. */
export interface Checkpointed<S> {
  readonly name: LogName;
  /** The number of the last pack that is in the state. */
  readonly applied: number;
  readonly isOpening: boolean;
  /** Whether the state may differ from that of the log. */
  readonly hasStrayed: boolean;
  readonly fold: { snapshot(): S; restore(state: S): void; beginAfter(seq: number): void };
  open(after: number): void;
  unreadable(seq: number, why: Unreadable): void;
}

/** Begins and saves the states of one process. */
export class Checkpointing {
  readonly #checkpoints: Checkpoints;
  readonly #owner: ReplicaOwner;
  /** The pack of the last checkpoint of each log that this process knows of. */
  readonly #kept = new Map<LogName, number>();

  constructor(checkpoints: Checkpoints, owner: ReplicaOwner) {
    this.#checkpoints = checkpoints;
    this.#owner = owner;
  }

  /** The logs of rooms that have earlier checkpoints. */
  get rooms(): Iterable<LogName> {
    return this.#checkpoints.rooms ?? [];
  }

  /** Follows a log after its latest checkpoint. */
  begin<S>(replica: Checkpointed<S>, codec: StateCodec<S>): void {
    const { name } = replica;
    this.#owner.opens(name);
    this.#checkpoints.read(name, (found) => {
      const { seq, state } = found ?? { seq: 0, state: null };
      const decoded = state === null ? null : codec.decode(state);
      if (decoded?.kind === 'unknown-version') {
        replica.unreadable(seq, decoded);
        return;
      }
      if (decoded?.kind === 'state') replica.fold.restore(decoded.state);
      // Earlier packs may no longer be kept.
      else if (decoded === null && seq > 0) replica.fold.beginAfter(seq);
      else if (decoded !== null) this.#owner.trouble(name, { kind: 'unreadable', seq, why: 'malformed' });
      // Without a checkpoint, everything that the log still has is applied.
      const after = decoded?.kind === 'malformed' ? 0 : seq;
      this.#kept.set(name, after);
      replica.open(after);
    });
  }

  /** Saves a state, if its log has grown (or always). */
  keep<S>(replica: Checkpointed<S>, codec: StateCodec<S>, which: 'grown' | 'all'): void {
    const { name, applied } = replica;
    const kept = this.#kept.get(name);
    if (kept === undefined || replica.isOpening || replica.hasStrayed) return;
    const grown = applied - kept;
    if (grown <= 0 || (which === 'grown' && grown < PACKS_BETWEEN_CHECKPOINTS)) return;
    this.#kept.set(name, applied);
    this.#checkpoints.keep(name, applied, codec.encode(replica.fold.snapshot()));
  }

  /** The checkpoint of a log may be lost: the next call of {@link keep} saves its state. */
  renew(log: LogName): void {
    if (this.#kept.has(log)) this.#kept.set(log, -Infinity);
  }

  /** Drops a log that is not followed any more. */
  forget(log: LogName): void {
    this.#kept.delete(log);
  }
}
