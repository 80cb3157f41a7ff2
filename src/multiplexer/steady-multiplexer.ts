/** A multiplexer that is run inside the event loop, and goes on after waits that have failed. */
import { hasCode, toError } from '../errors.js';
import { rethrowLater } from '../readiness/waiter.js';
import type { BackendName } from './backend.js';
import { CallbackList } from './callback-list.js';
import { Multiplexer } from './multiplexer.js';
import type { RegisterOptions, Registration } from './registration.js';

/** The observer of its waits. */
export interface SteadyObserver {
  /** Its waits have begun to fail; they will be tried again. */
  waitFailed(error: Error): void;
  /** Its waits have failed for good: it is closed right after this. */
  givenUp(error: Error): void;
}

/** Too many fds or threads, or more fds than poll(2) may take: conditions that pass. */
const PASSING = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINVAL'];
/** How long to wait before trying again. */
const RETRY_MS = 100;
/** Waits that have gone well for this long count as recovered. */
const RECOVERED_MS = 1000;

/**
 * A multiplexer as the net layer needs one, except that waits that fail one after the other are reported once. Every
 * registration must have an `onReady`.
 */
export class SteadyMultiplexer {
  readonly multiplexer: Multiplexer<undefined>;
  readonly #observer: SteadyObserver | undefined;
  readonly #failures = new CallbackList<unknown>();
  /** Whether its waits have failed recently, which is not reported again. */
  #isFailing = false;

  /** @throws EMFILE, ENFILE, and the other errors of the constructor of {@link Multiplexer} */
  constructor(backend: BackendName, observer?: SteadyObserver, spinUs = 0) {
    this.multiplexer = new Multiplexer<undefined>({ backend, spinUs });
    this.#observer = observer;
    this.#run();
  }

  get backend(): BackendName {
    return this.multiplexer.backend;
  }

  get closed(): boolean {
    return this.multiplexer.closed;
  }

  register(fd: number, options: RegisterOptions<undefined>): Registration<undefined> {
    return this.multiplexer.register(fd, options);
  }

  onTurnEnd(callback: () => void): () => void {
    return this.multiplexer.onTurnEnd(callback);
  }

  onClose(callback: () => void): () => void {
    return this.multiplexer.onClose(callback);
  }

  /** Calls back when its waits begin to fail. @returns a function that removes the callback */
  onError(callback: (error: unknown) => void): () => void {
    return this.#failures.add(callback);
  }

  wakeup(): void {
    this.multiplexer.wakeup();
  }

  #run(): void {
    // It was closed while it waited to try again.
    if (this.closed) return;
    const startedMs = performance.now();
    this.multiplexer
      // Every registration has an `onReady`, so batches are always empty.
      .run(() => undefined)
      .catch((error: unknown) => {
        if (performance.now() - startedMs > RECOVERED_MS) this.#isFailing = false;
        this.#waitFailed(toError(error));
      });
  }

  /** These waits are not awaited: their errors are reported to the users, and must not end the process. */
  #waitFailed(error: Error): void {
    if (!PASSING.some((code) => hasCode(error, code))) {
      this.#giveUp(error);
      return;
    }
    if (!this.#isFailing) {
      this.#failures.call(error, rethrowLater);
      this.#observer?.waitFailed(error);
    }
    this.#isFailing = true;
    // Users with registrations still rely on it.
    setTimeout(() => {
      this.#run();
    }, RETRY_MS);
  }

  #giveUp(error: Error): void {
    this.#failures.call(error, rethrowLater);
    this.#observer?.givenUp(error);
    try {
      this.multiplexer.close();
    } catch {
      // The wait has failed because its fd is closed already, which has been reported.
    }
  }
}
