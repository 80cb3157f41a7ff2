/** Forgets what is kept in a store for longer than it may be. */
import { performance } from 'node:perf_hooks';
import type { StoreAccess } from '../store/store-access.js';
import type { Write } from '../store/tasks.js';
import { CautiousClock } from './cautious-clock.js';
import type { Log } from './log.js';

const DAY_MS = 86_400_000;
const INTERVAL_MS = 3_600_000;
/**
 * How long nodes have to apply what is in a log that is not to be kept. One that has stood still for longer, and finds
 * that packs are missing, begins anew.
 */
const TRANSPORT_MS = 3_600_000;

/** What it needs. */
export interface RetentionParts {
  readonly store: StoreAccess;
  /** For how many days what is in a log is kept; null for ever. */
  readonly daysOf: (log: string) => number | null;
  /** Whether several nodes apply the logs: what is kept of their states is from one of them. */
  readonly isShared: boolean;
  readonly log: Log;
}

/** Forgets what is too old when it is started, and every hour, one log after the other. */
export class Retention {
  readonly #parts: RetentionParts;
  readonly #clock = new CautiousClock({ now: Date.now, steady: () => performance.now() });
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** @param prepare - called before each time: what the states of logs are made of is needed until they are kept */
  start(prepare: () => void): void {
    if (this.#isStopped) return;
    prepare();
    void this.#forget();
    this.#timer = setTimeout(() => {
      this.start(prepare);
    }, INTERVAL_MS);
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #forget(): Promise<void> {
    const { store, daysOf, isShared, log } = this.#parts;
    const nowMs = this.#clock.now();
    if (this.#clock.isAhead)
      log.warn('the clock has jumped ahead: nothing is forgotten by it before a day is over', {});
    const ends = await store.read('ends', null).catch(() => []);
    for (const { log: name, top } of ends) {
      const days = isShared && isOfNodes(name) ? 0 : daysOf(name);
      if (days === null) continue;
      if (days === 0 && !isShared) await this.#write({ kind: 'keep', log: name, seq: top, state: null });
      const fromMs = nowMs - days * DAY_MS;
      const packsFromMs = isShared ? Math.min(fromMs, nowMs - TRANSPORT_MS) : fromMs;
      // Each forgets a part, so that other writes go in between.
      while ((await this.#write({ kind: 'retain', log: name, fromMs: packsFromMs })) > 0);
      while ((await this.#write({ kind: 'lines-drop', shelf: name, beforeMs: fromMs })) > 0);
      if (this.#isStopped) return;
    }
  }

  /** @returns the number that the write answers; -1 if it has failed, and then the next time does it */
  #write(write: Write): Promise<number> {
    if (this.#isStopped) return Promise.resolve(-1);
    return new Promise((resolve) => {
      const failed = (): void => {
        resolve(-1);
      };
      this.#parts.store.write(write, { written: resolve, failed });
    });
  }
}

/** Whether a log has what is between the nodes only: who is here, and what is said in private. */
function isOfNodes(name: string): boolean {
  return name === 'd' || name.startsWith('n:');
}
