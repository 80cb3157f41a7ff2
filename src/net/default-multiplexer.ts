/** The multiplexers that serve whoever brings none: one for each backend, for as long as somebody uses it. */
import { hasCode } from '../errors.js';
import { Multiplexer } from '../multiplexer/multiplexer.js';
import type { BackendName } from '../multiplexer/backend.js';
import { toError, Turn, type TurnDriver } from './turn.js';

/** The use of a turn. */
export interface Lease {
  readonly turn: Turn;
  /** To be called once, when the last connection is gone. */
  release(): void;
}

/** The use of a shared multiplexer. */
export interface MultiplexerLease {
  readonly multiplexer: Multiplexer<undefined>;
  /** To be called once, when nothing of its user is registered any more. */
  release(): void;
}

/** One shared multiplexer, and those who use it. */
interface Shared {
  readonly backend: BackendName;
  readonly multiplexer: Multiplexer<undefined>;
  /** For each user: what is to be called when the multiplexer is given up. */
  readonly users: Set<(error: Error) => void>;
  /** Whether its waits have failed of late, which need not be said again. */
  isFailing: boolean;
}

/** Too many fds or threads, or more fds than poll(2) may take, which passes. */
const PASSING = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINVAL'];
/** After so long it is tried again. */
const RETRY_MS = 100;
/** Waits that went well for so long have got over what made them fail. */
const RECOVERED_MS = 1000;

/** Of this environment: a worker has its own. */
const shared = new Map<BackendName, Shared>();

/**
 * The turn of the user's multiplexer, or of the shared one of `backend`. The waits of the user's fail at the user, too, who may wait
 * again; what becomes of the shared one is decided here.
 */
export function leaseTurn(multiplexer: TurnDriver | undefined, backend: BackendName): Lease {
  if (multiplexer !== undefined) {
    const turn = Turn.of(multiplexer);
    turn.watchFailures();
    return { turn, release: () => undefined };
  }
  // Its turn is there once it is leased.
  const lease = leaseMultiplexer(backend, (error) => Turn.of(lease.multiplexer).giveUp(error));
  return { turn: Turn.of(lease.multiplexer), release: () => lease.release() };
}

/**
 * The shared multiplexer of `backend`. What is registered with it has to be served by its `onReady`.
 *
 * @param givenUp called when its waits have failed for good, right before it is closed
 */
export function leaseMultiplexer(backend: BackendName, givenUp: (error: Error) => void): MultiplexerLease {
  const entry = shared.get(backend) ?? open(backend);
  entry.users.add(givenUp);
  return {
    multiplexer: entry.multiplexer,
    release: () => {
      entry.users.delete(givenUp);
      // Not at once: this may be called from within one of its turns.
      process.nextTick(closeUnused, entry);
    },
  };
}

function open(backend: BackendName): Shared {
  const multiplexer = new Multiplexer<undefined>({ backend });
  const entry: Shared = { backend, multiplexer, users: new Set(), isFailing: false };
  shared.set(backend, entry);
  // All that is registered is served by the turn, so no batch ever has anything in it.
  serve(entry);
  return entry;
}

function serve(entry: Shared): void {
  // Whoever had used it has gone meanwhile.
  if (entry.multiplexer.closed) return;
  const startedMs = performance.now();
  entry.multiplexer
    .run(() => undefined)
    .catch((error: unknown) => {
      if (performance.now() - startedMs > RECOVERED_MS) entry.isFailing = false;
      waitFailed(entry, toError(error));
    });
}

/** Nobody awaits these waits: an error of theirs is for those who are served, and must not end the process. */
function waitFailed(entry: Shared, error: Error): void {
  if (!PASSING.some((code) => hasCode(error, code))) {
    giveUp(entry, error);
    return;
  }
  if (!entry.isFailing) Turn.of(entry.multiplexer).waitFailed(error);
  entry.isFailing = true;
  // Whoever has something registered still counts on it.
  setTimeout(serve, RETRY_MS, entry);
}

function giveUp(entry: Shared, error: Error): void {
  shared.delete(entry.backend);
  for (const givenUp of entry.users) givenUp(error);
  try {
    entry.multiplexer.close();
  } catch {
    // The wait has failed because its fd is closed already; that has been said.
  }
}

function closeUnused(entry: Shared): void {
  if (entry.users.size > 0 || entry.multiplexer.closed) return;
  shared.delete(entry.backend);
  entry.multiplexer.close();
}
