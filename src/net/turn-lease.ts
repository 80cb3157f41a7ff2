/** Which turn serves the connections of a listener or a connect(): that of the user's multiplexer, or a shared one. */
import type { BackendName } from '../multiplexer/backend.js';
import { leaseMultiplexer, type MultiplexerLease } from '../multiplexer/shared-multiplexer.js';
import { Turn } from './turn.js';
import type { TurnDriver } from './turn-driver.js';

/** The use of a turn. */
export interface Lease {
  readonly turn: Turn;
  /** To be called once, when the last connection is gone. */
  release(): void;
}

/** The turn of a shared multiplexer, for as long as somebody uses it. */
interface SharedTurn {
  readonly turn: Turn;
  readonly lease: MultiplexerLease;
  users: number;
}

/** Of this environment: a worker has its own. */
const shared = new Map<BackendName, SharedTurn>();

/**
 * The turn of the user's multiplexer, or of the shared one of `backend`. The waits of the user's fail at the user, too,
 * who may wait again; what becomes of the shared one is decided there.
 */
export function leaseTurn(multiplexer: TurnDriver | undefined, backend: BackendName): Lease {
  if (multiplexer !== undefined) {
    const turn = Turn.of(multiplexer);
    turn.watchFailures();
    return { turn, release: () => undefined };
  }
  const entry = shared.get(backend) ?? share(backend);
  entry.users++;
  return {
    turn: entry.turn,
    release: () => {
      entry.users--;
      if (entry.users > 0) return;
      if (shared.get(backend) === entry) shared.delete(backend);
      entry.lease.release();
    },
  };
}

function share(backend: BackendName): SharedTurn {
  const lease = leaseMultiplexer(backend, {
    waitFailed: (error) => turn.waitFailed(error),
    givenUp: (error) => {
      shared.delete(backend);
      turn.giveUp(error);
    },
  });
  const turn = Turn.of(lease.multiplexer);
  const entry: SharedTurn = { turn, lease, users: 0 };
  shared.set(backend, entry);
  return entry;
}
