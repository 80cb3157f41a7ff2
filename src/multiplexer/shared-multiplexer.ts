/** The multiplexers for users that bring none: one for each backend, for as long as it has users. */
import type { BackendName } from './backend.js';
import type { Multiplexer } from './multiplexer.js';
import { SteadyMultiplexer, type SteadyObserver } from './steady-multiplexer.js';

/** The use of a shared multiplexer. */
export interface MultiplexerLease {
  readonly multiplexer: Multiplexer<undefined>;
  /** To be called once, when the user has nothing registered any more. */
  release(): void;
}

/** One shared multiplexer with its users. */
interface Shared {
  readonly backend: BackendName;
  readonly steady: SteadyMultiplexer;
  readonly users: Set<SteadyObserver>;
}

/** Those of this environment: a worker has its own. */
const shared = new Map<BackendName, Shared>();

/** Leases the shared multiplexer of `backend`. Every registration in it must have an `onReady`. */
export function leaseMultiplexer(backend: BackendName, user: SteadyObserver): MultiplexerLease {
  const entry = shared.get(backend) ?? open(backend);
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

function open(backend: BackendName): Shared {
  const users = new Set<SteadyObserver>();
  const steady = new SteadyMultiplexer(backend, {
    waitFailed: (error) => {
      for (const user of users) user.waitFailed(error);
    },
    givenUp: (error) => {
      shared.delete(backend);
      for (const user of users) user.givenUp(error);
    },
  });
  const entry: Shared = { backend, steady, users };
  shared.set(backend, entry);
  return entry;
}

function closeUnused({ backend, steady, users }: Shared): void {
  if (users.size > 0 || steady.closed) return;
  shared.delete(backend);
  steady.multiplexer.close();
}
