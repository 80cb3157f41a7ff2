/** The multiplexers for users without one of their own: one for each way of waiting, for as long as it has users. */
import type { BackendName } from './backend.js';
import type { Multiplexer } from './multiplexer.js';
import { SteadyMultiplexer, type SteadyObserver } from './steady-multiplexer.js';

/** The use of a shared multiplexer. */
export interface MultiplexerLease {
  readonly multiplexer: Multiplexer<undefined>;
  /** Call it once, when the user has nothing registered any more. */
  release(): void;
}

/** One shared multiplexer with its users. */
interface Shared {
  readonly kind: string;
  readonly steady: SteadyMultiplexer;
  readonly users: Set<SteadyObserver>;
}

/** The shared multiplexers of this environment: a worker has its own. */
const shared = new Map<string, Shared>();

/**
 * Leases the shared multiplexer of `backend` that spins for that long. Every registration in it must have an `onReady`.
 */
export function leaseMultiplexer(backend: BackendName, user: SteadyObserver, spinUs = 0): MultiplexerLease {
  const entry = shared.get(kindOf(backend, spinUs)) ?? open(backend, spinUs);
  entry.users.add(user);
  return {
    multiplexer: entry.steady.multiplexer,
    release: () => {
      entry.users.delete(user);
      // Not at once: this may be called from within one of its turns.
      process.nextTick(closeUnused, entry);
    },
  };
}

function kindOf(backend: BackendName, spinUs: number): string {
  return `${backend} ${spinUs}`;
}

function open(backend: BackendName, spinUs: number): Shared {
  const kind = kindOf(backend, spinUs);
  const users = new Set<SteadyObserver>();
  const observer: SteadyObserver = {
    waitFailed: (error) => {
      for (const user of users) user.waitFailed(error);
    },
    givenUp: (error) => {
      shared.delete(kind);
      for (const user of users) user.givenUp(error);
    },
  };
  const entry: Shared = { kind, steady: new SteadyMultiplexer(backend, observer, spinUs), users };
  shared.set(kind, entry);
  return entry;
}

function closeUnused({ kind, steady, users }: Shared): void {
  if (users.size > 0 || steady.closed) return;
  shared.delete(kind);
  steady.multiplexer.close();
}
