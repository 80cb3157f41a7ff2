/** The multiplexers for users that bring none: one for each backend, for as long as it has users. */
import { hasCode, toError } from '../errors.js';
import type { BackendName } from './backend.js';
import { Multiplexer } from './multiplexer.js';

/** The use of a shared multiplexer. */
export interface MultiplexerLease {
  readonly multiplexer: Multiplexer<undefined>;
  /** To be called once, when the user has nothing registered any more. */
  release(): void;
}

/** A user of a shared multiplexer. */
export interface MultiplexerUser {
  /** Its waits have begun to fail; they will be tried again. */
  waitFailed(error: Error): void;
  /** Its waits have failed for good: it is closed right after this. */
  givenUp(error: Error): void;
}

/** One shared multiplexer with its users. */
interface Shared {
  readonly backend: BackendName;
  readonly multiplexer: Multiplexer<undefined>;
  readonly users: Set<MultiplexerUser>;
  /** Whether its waits have failed recently, which is not reported again. */
  isFailing: boolean;
}

/** Too many fds or threads, or more fds than poll(2) may take: conditions that pass. */
const PASSING = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINVAL'];
/** How long to wait before trying again. */
const RETRY_MS = 100;
/** Waits that have gone well for this long count as recovered. */
const RECOVERED_MS = 1000;

/** Those of this environment: a worker has its own. */
const shared = new Map<BackendName, Shared>();

/** Leases the shared multiplexer of `backend`. Every registration in it must have an `onReady`. */
export function leaseMultiplexer(backend: BackendName, user: MultiplexerUser): MultiplexerLease {
  const entry = shared.get(backend) ?? open(backend);
  entry.users.add(user);
  return {
    multiplexer: entry.multiplexer,
    release: () => {
      entry.users.delete(user);
      // Not at once: this may be called from within one of its turns.
      process.nextTick(closeUnused, entry);
    },
  };
}

function open(backend: BackendName): Shared {
  const multiplexer = new Multiplexer<undefined>({ backend });
  const entry: Shared = { backend, multiplexer, users: new Set(), isFailing: false };
  shared.set(backend, entry);
  // Every registration has an `onReady`, so batches are always empty.
  keepRunning(entry);
  return entry;
}

function keepRunning(entry: Shared): void {
  // Its last user has gone meanwhile.
  if (entry.multiplexer.closed) return;
  const startedMs = performance.now();
  entry.multiplexer
    .run(() => undefined)
    .catch((error: unknown) => {
      if (performance.now() - startedMs > RECOVERED_MS) entry.isFailing = false;
      waitFailed(entry, toError(error));
    });
}

/** Nobody awaits these waits: their errors go to the users, and must not end the process. */
function waitFailed(entry: Shared, error: Error): void {
  if (!PASSING.some((code) => hasCode(error, code))) {
    giveUp(entry, error);
    return;
  }
  if (!entry.isFailing) for (const user of entry.users) user.waitFailed(error);
  entry.isFailing = true;
  // Users with registrations still count on it.
  setTimeout(keepRunning, RETRY_MS, entry);
}

function giveUp(entry: Shared, error: Error): void {
  shared.delete(entry.backend);
  for (const user of entry.users) user.givenUp(error);
  try {
    entry.multiplexer.close();
  } catch {
    // The wait has failed because its fd is closed already, which has been reported.
  }
}

function closeUnused(entry: Shared): void {
  if (entry.users.size > 0 || entry.multiplexer.closed) return;
  shared.delete(entry.backend);
  entry.multiplexer.close();
}
