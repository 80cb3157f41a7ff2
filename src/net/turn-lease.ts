/** The choice of the turn that serves a listener or a connect(): the one of the user's multiplexer, or a shared one. */
import type { BackendName } from '../multiplexer/backend.js';
import { leaseMultiplexer, type MultiplexerLease } from '../multiplexer/shared-multiplexer.js';
import type { SteadyObserver } from '../multiplexer/steady-multiplexer.js';
import { Turn } from './turn.js';
import type { TurnDriver } from './turn-driver.js';

/** A claim on a turn. */
export interface Lease {
  readonly turn: Turn;
  /** Ends the claim. Call it once, when the last connection is gone. */
  release(): void;
}

/** The turn of a shared multiplexer. It exists while it is in use. */
interface SharedTurn {
  readonly turn: Turn;
  readonly lease: MultiplexerLease;
  users: number;
}

/** The shared turns of this environment, by how they wait; each worker has its own. */
const shared = new Map<string, SharedTurn>();

/**
 * Returns the turn of the user's multiplexer or, if there is none, of the shared one of `backend` that spins for that
 * long. A failed wait of the user's multiplexer is also thrown to the user, who may wait again; a failed wait of a
 * shared one is handled there.
 */
export function leaseTurn(multiplexer: TurnDriver | undefined, backend: BackendName, spinUs = 0): Lease {
  if (multiplexer !== undefined) {
    const turn = Turn.of(multiplexer);
    turn.watchFailures();
    return { turn, release: () => undefined };
  }
  const kind = `${backend} ${spinUs}`;
  const entry = shared.get(kind) ?? share(kind, backend, spinUs);
  entry.users++;
  return {
    turn: entry.turn,
    release: () => {
      entry.users--;
      if (entry.users > 0) return;
      if (shared.get(kind) === entry) shared.delete(kind);
      entry.lease.release();
    },
  };
}

function share(kind: string, backend: BackendName, spinUs: number): SharedTurn {
  const observer: SteadyObserver = {
    waitFailed: (error) => turn.waitFailed(error),
    givenUp: (error) => {
      shared.delete(kind);
      turn.giveUp(error);
    },
  };
  const lease = leaseMultiplexer(backend, observer, spinUs);
  const turn = Turn.of(lease.multiplexer);
  const entry: SharedTurn = { turn, lease, users: 0 };
  shared.set(kind, entry);
  return entry;
}
