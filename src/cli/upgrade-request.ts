/** A request to have the program on the disk go on instead of this one: SIGUSR2, or `fdmux ctl upgrade`. */
import { ControlError } from '../control/request.js';
import { toError } from '../errors.js';
import type { Upgrade } from '../server/desk.js';
import type { KeptData } from '../server/hand-over/store-version.js';
import type { Log } from '../server/log.js';
import { Successor } from './successor.js';

/** Somebody who waits for the end of an upgrade. */
interface Asker {
  readonly resolve: (upgrade: Upgrade) => void;
  readonly reject: (error: Error) => void;
}

/** The facts about a process that may be upgraded. */
export interface UpgradeOptions {
  readonly log: Log;
  /** The reason why it cannot; null if it can. */
  readonly obstacle: string | null;
  /** The data that it keeps; null if it keeps none. */
  readonly kept: KeptData | null;
  /** Prepares it before a new process starts. If this rejects, it goes on. @defaultValue nothing */
  readonly prepare?: () => Promise<void>;
  /** Whether SIGUSR2 asks as well. @defaultValue true */
  readonly isSignalled?: boolean;
}

/** Waits to be asked, as often as it takes until a new process has started. */
export class UpgradeRequest {
  /** The process that can take over. It is pending for ever if nobody asks for one. */
  readonly successor: Promise<Successor>;
  readonly #options: UpgradeOptions;
  #askers: Asker[] = [];
  #resolve: (successor: Successor) => void = () => undefined;
  /** The start of a new process: that process, unless it has failed; null if none is under way. */
  #starting: Promise<Successor | null> | null = null;
  #isOver = false;

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.successor = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (options.isSignalled !== false) process.on('SIGUSR2', this.#begin);
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
    if (this.#starting !== null || this.#isOver) return;
    const { log, obstacle } = this.#options;
    if (obstacle !== null) {
      log.error('not upgraded: this server needs a restart', { reason: obstacle });
      this.#refuse(refused(`this server needs a restart: ${obstacle}`));
      return;
    }
    this.#starting = this.#start();
  };

  /** The process that is being started, once it can take over; null if none is, or if it fails. */
  get underWay(): Promise<Successor | null> {
    return this.#starting ?? Promise.resolve(null);
  }

  async #start(): Promise<Successor | null> {
    try {
      return (await this.#isPrepared()) ? await this.#startPrepared() : null;
    } finally {
      this.#starting = null;
    }
  }

  async #isPrepared(): Promise<boolean> {
    const { log, prepare } = this.#options;
    try {
      await prepare?.();
      // The server was stopped meanwhile.
      return !this.#isOver;
    } catch (error) {
      const { message } = toError(error);
      log.error('not upgraded', { error: message });
      this.#refuse(refused(message));
      return false;
    }
  }

  async #startPrepared(): Promise<Successor | null> {
    const { log, kept } = this.#options;
    log.info('a new process starts');
    try {
      const successor = await Successor.start(kept);
      if (!this.#isOver) {
        this.#resolve(successor);
        return successor;
      }
      // The server was stopped meanwhile.
      await successor.end();
    } catch (error) {
      log.error('not upgraded: the new process has not started', { error: toError(error).message });
      this.failed(error, 'the new process has not started');
    }
    return null;
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
