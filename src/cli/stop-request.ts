/** A request to end: a signal, or an operator. */

/** EX_TEMPFAIL of sysexits.h: another process would go on. */
const EXIT_AGAIN = 75;

/** The origin of a request to end the server. */
export interface Stop {
  readonly reason: string;
  /** Whether clients get the time of `drainMs` to leave. */
  readonly mayDrain: boolean;
}

/** Waits for the first that ends the server: a signal or an operator. */
export class StopRequest {
  readonly requested: Promise<Stop>;
  /** Somebody has asked again, so it shall end at once. */
  readonly hurried: Promise<void>;
  #resolve: (stop: Stop) => void = () => undefined;
  #hurry: () => void = () => undefined;
  #isRequested = false;
  #exitCode = 0;

  constructor() {
    this.requested = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.hurried = new Promise((resolve) => {
      this.#hurry = resolve;
    });
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  request(reason: string, mayDrain = false): void {
    if (this.#isRequested) this.#hurry();
    this.#isRequested = true;
    this.#resolve({ reason, mayDrain });
  }

  /** Whether somebody has asked. */
  get isRequested(): boolean {
    return this.#isRequested;
  }

  /** The server cannot go on. */
  fail(reason: string): void {
    this.#exitCode = EXIT_AGAIN;
    this.request(reason);
  }

  /** The exit code of the process: by another one than 0, a service manager knows that it has to start it again. */
  get exitCode(): number {
    return this.#exitCode;
  }

  dispose(): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.request('the server is shutting down', signal === 'SIGTERM');
  };
}
