/** The multiplexers that serve whoever brings none: one for each backend, for as long as somebody uses it. */
import { hasCode, toError } from '../errors.js';
import type { BackendName } from './backend.js';
import { Multiplexer } from './multiplexer.js';

/** The use of a shared multiplexer. */
export interface MultiplexerLease {
  readonly multiplexer: Multiplexer<undefined>;
  /** To be called once, when nothing of its user is registered any more. */
  release(): void;
}

/** Whoever uses a shared multiplexer. */
export interface MultiplexerUser {
  /** Its waits fail, for the first time of late; they are tried again. */
  waitFailed(error: Error): void;
  /** Its waits have failed for good: it is closed right after this. */
  givenUp(error: Error): void;
}

/** One shared multiplexer, and those who use it. */
interface Shared {
  readonly backend: BackendName;
  readonly multiplexer: Multiplexer<undefined>;
  readonly users: Set<MultiplexerUser>;
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

/** The shared multiplexer of `backend`. What is registered with it has to be served by its `onReady`. */
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
  // All that is registered is served by its `onReady`, so no batch ever has anything in it.
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
  if (!entry.isFailing) for (const user of entry.users) user.waitFailed(error);
  entry.isFailing = true;
  // Whoever has something registered still counts on it.
  setTimeout(serve, RETRY_MS, entry);
}

function giveUp(entry: Shared, error: Error): void {
  shared.delete(entry.backend);
  for (const user of entry.users) user.givenUp(error);
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
