/** The multiplexers that serve whoever brings none: one for each backend, for as long as somebody uses it. */
import { hasCode } from '../errors.js';
import { Multiplexer } from '../multiplexer/multiplexer.js';
import type { BackendName } from '../multiplexer/backend.js';
import { rethrowLater } from '../readiness/waiter.js';
import { Turn, type TurnDriver } from './turn.js';

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

/** Too many fds or threads, which passes. */
const EXHAUSTED = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'];
/** After so long it is tried again. */
const EXHAUSTED_MS = 100;

/** Of this environment: a worker has its own. */
const shared = new Map<BackendName, { readonly multiplexer: Multiplexer<undefined>; users: number }>();

/** The turn of the user's multiplexer, or of the shared one of `backend`. */
export function leaseTurn(multiplexer: TurnDriver | undefined, backend: BackendName): Lease {
  if (multiplexer !== undefined) return { turn: Turn.of(multiplexer), release: () => undefined };
  const lease = leaseMultiplexer(backend);
  return { turn: Turn.of(lease.multiplexer), release: () => lease.release() };
}

/** The shared multiplexer of `backend`. What is registered with it has to be served by its `onReady`. */
export function leaseMultiplexer(backend: BackendName): MultiplexerLease {
  const entry = shared.get(backend) ?? open(backend);
  entry.users += 1;
  return {
    multiplexer: entry.multiplexer,
    release: () => {
      entry.users -= 1;
      // Not at once: this may be called from within one of its turns.
      process.nextTick(closeUnused, backend);
    },
  };
}

function open(backend: BackendName): { readonly multiplexer: Multiplexer<undefined>; users: number } {
  const entry = { multiplexer: new Multiplexer<undefined>({ backend }), users: 0 };
  shared.set(backend, entry);
  // All that is registered is served by the turn, so no batch ever has anything in it.
  serve(entry.multiplexer);
  return entry;
}

function serve(multiplexer: Multiplexer<undefined>): void {
  // Whoever had used it has gone meanwhile.
  if (multiplexer.closed) return;
  multiplexer
    .run(() => undefined)
    .catch((error: unknown) => {
      // What it waits with could not be made; whoever has something registered still counts on it.
      if (EXHAUSTED.some((code) => hasCode(error, code))) setTimeout(serve, EXHAUSTED_MS, multiplexer);
      else rethrowLater(error);
    });
}

function closeUnused(backend: BackendName): void {
  const entry = shared.get(backend);
  if (entry === undefined || entry.users > 0) return;
  shared.delete(backend);
  entry.multiplexer.close();
}
