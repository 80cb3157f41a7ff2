/** SIGUSR2: a request to have the program on the disk go on in the place of this one. */
import { toError } from '../errors.js';
import type { Log } from '../server/log.js';
import { Successor } from './successor.js';

/** Waits for the signal, as often as it takes until a new process has started. */
export class UpgradeRequest {
  /** The process that can take over. It is pending for ever if nobody asks for one. */
  readonly successor: Promise<Successor>;
  readonly #log: Log;
  /** Why there can be none; null if there can. */
  readonly #obstacle: string | null;
  #resolve: (successor: Successor) => void = () => undefined;
  #isStarting = false;
  #isOver = false;

  constructor(log: Log, obstacle: string | null) {
    this.#log = log;
    this.#obstacle = obstacle;
    this.successor = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    process.on('SIGUSR2', this.#onSignal);
  }

  readonly #onSignal = (): void => {
    if (this.#isStarting || this.#isOver) return;
    if (this.#obstacle !== null) {
      this.#log.error('not upgraded: this server needs a restart', { reason: this.#obstacle });
      return;
    }
    this.#isStarting = true;
    void this.#start();
  };

  async #start(): Promise<void> {
    this.#log.info('a new process starts');
    try {
      const successor = await Successor.start();
      // The server was stopped meanwhile.
      if (this.#isOver) await successor.end();
      else this.#resolve(successor);
    } catch (error) {
      this.#log.error('not upgraded: the new process has not started', { error: toError(error).message });
    } finally {
      this.#isStarting = false;
    }
  }

  /** Asks for nothing any more. */
  dispose(): void {
    this.#isOver = true;
    process.off('SIGUSR2', this.#onSignal);
  }
}
