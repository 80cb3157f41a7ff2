/** A request to have the program on the disk go on instead of this one: SIGUSR2, or `fdmux ctl upgrade`. */
import { ControlError } from '../control/request.js';
import { toError } from '../errors.js';
import type { Upgrade } from '../server/desk.js';
import type { Log } from '../server/log.js';
import { Successor } from './successor.js';

/** Somebody who waits for the end of an upgrade. */
interface Asker {
  readonly resolve: (upgrade: Upgrade) => void;
  readonly reject: (error: Error) => void;
}

/** Waits to be asked, as often as it takes until a new process has started. */
export class UpgradeRequest {
  /** The process that can take over. It is pending for ever if nobody asks for one. */
  readonly successor: Promise<Successor>;
  readonly #log: Log;
  /** The reason why there can be none; null if there can. */
  readonly #obstacle: string | null;
  readonly #store: string | null;
  #askers: Asker[] = [];
  #resolve: (successor: Successor) => void = () => undefined;
  #isStarting = false;
  #isOver = false;

  /**
   * @param store - the form in which this process keeps data; null if it keeps none
   * @param isSignalled - whether SIGUSR2 asks as well
   */
  constructor(log: Log, obstacle: string | null, store: string | null, isSignalled = true) {
    this.#log = log;
    this.#obstacle = obstacle;
    this.#store = store;
    this.successor = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (isSignalled) process.on('SIGUSR2', this.#begin);
  }

  /**
   * Asks for a new process.
   *
   * @returns once it goes on for this one
   * @throws ControlError: ERR_CONTROL_REFUSED if this server cannot be upgraded, or ends; ERR_CONTROL_FAILED if the new
   *   process does not start or does not take over
   */
  ask(): Promise<Upgrade> {
    return new Promise((resolve, reject) => {
      this.#askers.push({ resolve, reject });
      if (this.#isOver) this.stopped();
      else this.#begin();
    });
  }

  readonly #begin = (): void => {
    if (this.#isStarting || this.#isOver) return;
    if (this.#obstacle !== null) {
      this.#log.error('not upgraded: this server needs a restart', { reason: this.#obstacle });
      this.#refuse(refused(`this server needs a restart: ${this.#obstacle}`));
      return;
    }
    this.#isStarting = true;
    void this.#start();
  };

  async #start(): Promise<void> {
    this.#log.info('a new process starts');
    try {
      const successor = await Successor.start(this.#store);
      // The server was stopped meanwhile.
      if (this.#isOver) await successor.end();
      else this.#resolve(successor);
    } catch (error) {
      this.#log.error('not upgraded: the new process has not started', { error: toError(error).message });
      this.failed(error, 'the new process has not started');
    } finally {
      this.#isStarting = false;
    }
  }

  /** Asks for nothing any more. {@link done}, {@link failed} or {@link stopped} has to follow. */
  dispose(): void {
    this.#isOver = true;
    process.off('SIGUSR2', this.#begin);
  }

  /** The new process goes on. */
  done(upgrade: Upgrade): void {
    for (const { resolve } of this.#takeAskers()) resolve(upgrade);
  }

  /** This process goes on. */
  failed(cause: unknown, what: string): void {
    this.#refuse(new ControlError('ERR_CONTROL_FAILED', `not upgraded: ${what}: ${toError(cause).message}`, { cause }));
  }

  /** Nobody goes on: the server ends. */
  stopped(): void {
    this.#refuse(refused('the server ends'));
  }

  #refuse(error: ControlError): void {
    for (const { reject } of this.#takeAskers()) reject(error);
  }

  #takeAskers(): readonly Asker[] {
    const askers = this.#askers;
    this.#askers = [];
    return askers;
  }
}

function refused(why: string): ControlError {
  return new ControlError('ERR_CONTROL_REFUSED', `not upgraded: ${why}`);
}
