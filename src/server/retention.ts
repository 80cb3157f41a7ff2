/** Forgets what is kept in a store for longer than it may be. */
import { performance } from 'node:perf_hooks';
import { isClosed } from '../chat/snapshot.js';
import { decodeRoom } from '../chat/snapshot-codec.js';
import { isLogName } from '../log/log-name.js';
import type { StoreAccess, StoreLogs } from '../store/store-access.js';
import type { Write } from '../store/tasks.js';
import { written } from '../store/written.js';
import { CautiousClock } from './cautious-clock.js';
import type { Log } from './log.js';

const DAY_MS = 86_400_000;
const INTERVAL_MS = 3_600_000;
/**
 * How long nodes have to apply what is in a log that is not to be kept. One that has stood still for longer, and finds
 * that packs are missing, begins anew.
 */
const TRANSPORT_MS = 3_600_000;
/** For how long an erased account is known: longer than anything that it has said can be on its way to the store. */
const GONE_MS = 7 * DAY_MS;

/** The parts that it needs. */
export interface RetentionParts {
  readonly store: StoreAccess;
  readonly logs: Pick<StoreLogs, 'stateOf' | 'keep' | 'removeEmpty'>;
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
  start(prepare: () => unknown): void {
    if (this.#isStopped) return;
    void this.#forgetAfter(prepare());
    this.#timer = setTimeout(() => {
      // Not at the start: what the logs have brought again may still be on its way.
      void this.#write({ kind: 'gone-drop', beforeMs: this.#clock.now() - GONE_MS });
      this.start(prepare);
    }, INTERVAL_MS);
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #forgetAfter(prepared: unknown): Promise<void> {
    await prepared;
    if (!this.#isStopped) await this.#forget();
  }

  async #forget(): Promise<void> {
    const { store, logs, daysOf, isShared, log } = this.#parts;
    const nowMs = this.#clock.now();
    if (this.#clock.isAhead)
      log.warn('the clock has jumped ahead: nothing is forgotten by it before a day is over', {});
    const held = await store.read('holdings', null).catch(() => []);
    for (const { log: name, first, top, hasState, hasLines } of held) {
      const days = isShared && isOfNodes(name) ? 0 : daysOf(name);
      if (days === null) continue;
      if (days === 0 && !isShared) await this.#write({ kind: 'keep', log: name, seq: top, state: null });
      const fromMs = nowMs - days * DAY_MS;
      const packsFromMs = isShared ? Math.min(fromMs, nowMs - TRANSPORT_MS) : fromMs;
      const dropped = first > top ? 0 : await this.#drop({ kind: 'retain', log: name, fromMs: packsFromMs });
      if (hasLines) await this.#drop({ kind: 'lines-drop', shelf: name, beforeMs: fromMs });
      if (isShared && hasState && first + dropped > top) await this.#forgetClosed(name, top);
      if (this.#isStopped) return;
    }
    await logs.removeEmpty?.();
  }

  /** Repeats a write that drops a part each time: others go in between. @returns how much they have dropped */
  async #drop(write: Write): Promise<number> {
    let dropped = 0;
    for (;;) {
      const part = await this.#write(write);
      if (part <= 0) return dropped;
      dropped += part;
    }
  }

  /**
   * Forgets the state of a room that has closed and has no packs any more: nothing that was meant for the room as it
   * was can still be on its way.
   */
  async #forgetClosed(name: string, top: number): Promise<void> {
    if (!isLogName(name) || !name.startsWith('r:')) return;
    const kept = await this.#parts.logs.stateOf(name);
    if (this.#isStopped || kept?.seq !== top || kept.state === null) return;
    const decoded = decodeRoom(kept.state);
    // If somebody has entered meanwhile, the room goes on from there all the same.
    if (decoded.kind === 'state' && isClosed(decoded.state)) this.#parts.logs.keep(name, top, null);
  }

  /** @returns the number that the write answers; -1 if it has failed, and then the next time does it */
  #write(write: Write): Promise<number> {
    if (this.#isStopped) return Promise.resolve(-1);
    return written(this.#parts.store, write).catch(() => -1);
  }
}

/** Whether a log has what is between the nodes only: who is here, and what is said in private. */
function isOfNodes(name: string): boolean {
  return name === 'd' || name.startsWith('n:');
}
