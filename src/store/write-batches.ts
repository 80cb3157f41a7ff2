/** Gathers the writes of one turn into a batch, and answers each write when its batch has ended. */
import type { Pace } from './pace.js';
import type { Failure } from './store-error.js';
import type { Write, Written } from './tasks.js';

/** The observer of a write's end. */
export interface WriteAnswer {
  written(result: number): void;
  failed(failure: Failure): void;
}

/** The observer of writes that the database does not take, and never will. */
export type RefusalObserver = (kind: Write['kind'], failure: Failure) => void;

/** The readings that batches have at any time. */
export interface WriteReadings {
  /** Writes that are not answered yet. */
  readonly queued: number;
  readonly batchesTotal: number;
  /** Batches that have taken longer than 250 ms. */
  readonly lateBatchesTotal: number;
  /** How long something was being written, in milliseconds. */
  readonly busyMsTotal: number;
}

/** Everything that makes batches. */
export interface WriteBatchesParts {
  /** Writes a batch in one transaction, without writes that the database never takes; it does not reject. */
  readonly send: (writes: readonly Write[]) => Promise<readonly Written[] | Failure>;
  /** How many batches are under way at most. */
  readonly atOnce: number;
  readonly pace: Pace;
  readonly refused: RefusalObserver;
  /** Called when lines, or what is done to them, have not been written: what it writes then fails, too. */
  readonly linesFailed?: () => void;
}

interface Queued {
  readonly write: Write;
  readonly answer: WriteAnswer;
}

/** Writes that a process makes again from its packs, if it ends before they are stored. */
const OF_PACKS: ReadonlySet<Write['kind']> = new Set(['line', 'line-redact', 'shelf-drop']);
/**
 * The lines of a shelf are stored in their order: whoever finds one takes all before it to be there. So while one that
 * has failed waits for its next attempt, none behind it is written, and no state that replaces its pack.
 */
const ORDERED: ReadonlySet<Write['kind']> = new Set([...OF_PACKS, 'keep']);

/** Ignores how a write ends. */
const UNANSWERED: WriteAnswer = { written: () => undefined, failed: () => undefined };

/** The writes of one store. Those that arrive while batches are under way are written together in the next. */
export class WriteBatches {
  readonly #parts: WriteBatchesParts;
  #queue: Queued[] = [];
  #batches = 0;
  /** Writes that are under way in batches. */
  #posted = 0;
  #isPosting = false;
  /** Writes of packs that are under way. */
  #ofPacks = 0;
  /** Called when nothing is being written, and nothing waits for it. */
  #onIdle: () => void = () => undefined;

  constructor(parts: WriteBatchesParts) {
    this.#parts = parts;
  }

  /** Writes something with everything else that this turn has to write. */
  write(write: Write, answer: WriteAnswer = UNANSWERED): void {
    this.#queue.push({ write, answer });
    if (this.#isPosting) return;
    this.#isPosting = true;
    // After the callback that is running, which is one turn of the server.
    process.nextTick(() => {
      this.#isPosting = false;
      this.#post();
    });
  }

  /** Whether a write is not answered yet. */
  get isBusy(): boolean {
    return this.#queue.length > 0 || this.#batches > 0;
  }

  readings(): WriteReadings {
    const { batches, lateBatches, busyMs } = this.#parts.pace;
    return {
      queued: this.#queue.length + this.#posted,
      batchesTotal: batches,
      lateBatchesTotal: lateBatches,
      busyMsTotal: busyMs,
    };
  }

  /** Completes the pending writes. @returns when nothing is under way */
  async finish(): Promise<void> {
    this.#post();
    if (this.#batches === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #post(): void {
    if (this.#batches >= this.#parts.atOnce || this.#queue.length === 0) return;
    // A batch with writes of packs may still fail: the state behind them must fail, too.
    if (this.#ofPacks > 0 && this.#queue.some(({ write }) => write.kind === 'keep')) return;
    const batch = this.#queue;
    this.#queue = [];
    void this.#send(batch);
  }

  async #send(batch: readonly Queued[]): Promise<void> {
    const ofPacks = batch.filter(({ write }) => OF_PACKS.has(write.kind)).length;
    this.#batches += 1;
    this.#posted += batch.length;
    this.#ofPacks += ofPacks;
    this.#parts.pace.begin();
    const outcome = await this.#parts.send(batch.map(({ write }) => write));
    this.#batches -= 1;
    this.#posted -= batch.length;
    this.#ofPacks -= ofPacks;
    this.#parts.pace.end();
    let failure: Failure | null = null;
    for (const [index, queued] of batch.entries()) {
      const written = 'code' in outcome ? outcome : (outcome[index] ?? 0);
      this.#answer(queued, written);
      if (typeof written === 'number' || written.code === 'ERR_STORE_REFUSED') continue;
      if (OF_PACKS.has(queued.write.kind)) failure ??= written;
    }
    if (failure !== null) this.#failOrdered(failure);
    this.#post();
    if (this.#batches === 0) this.#onIdle();
  }

  /** Fails the pending writes that must come after one that has failed. */
  #failOrdered(failure: Failure): void {
    this.#parts.linesFailed?.();
    const queue = this.#queue;
    this.#queue = queue.filter(({ write }) => !ORDERED.has(write.kind));
    for (const queued of queue) if (ORDERED.has(queued.write.kind)) this.#answer(queued, failure);
  }

  /** An error of the caller ends the process later: the other callers are answered all the same. */
  #answer({ write, answer }: Queued, written: Written): void {
    try {
      if (typeof written === 'number') {
        answer.written(written);
        return;
      }
      if (written.code === 'ERR_STORE_REFUSED') this.#parts.refused(write.kind, written);
      answer.failed(written);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }
}
