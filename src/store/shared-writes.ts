/** The writes of a store that several processes may use at once. */
import { LateLines, type LateLinesParts } from './late-lines.js';
import type { Write } from './tasks.js';
import { type WriteAnswer, WriteBatches, type WriteBatchesParts, type WriteReadings } from './write-batches.js';

/** The surroundings of {@link SharedWrites}. */
export type SharedWritesParts = Omit<WriteBatchesParts, 'atOnce' | 'linesFailed'> & Omit<LateLinesParts, 'write'>;

/** Batches, one at a time, without the lines that another process has written. */
export class SharedWrites {
  readonly #batches: WriteBatches;
  readonly #late: LateLines;

  constructor({ isOthers, areThere, ...parts }: SharedWritesParts) {
    this.#batches = new WriteBatches({
      ...parts,
      // Writes that arrive while one is under way would only wait on the way instead of joining a batch here.
      atOnce: 1,
      linesFailed: () => {
        this.#late.flush();
      },
    });
    this.#late = new LateLines({
      isOthers,
      areThere,
      write: (write, answer) => {
        this.#batches.write(write, answer);
      },
    });
  }

  /** Writes something with everything else that this turn has to write, unless it is a line that can wait. */
  write(write: Write, answer?: WriteAnswer): void {
    this.#late.write(write, answer);
  }

  /** Finds out at once whether the lines that wait are written, and writes those that are not. */
  hurry(): void {
    this.#late.hurry();
  }

  /** Whether a write is not answered yet. */
  get isBusy(): boolean {
    return this.#late.isBusy || this.#batches.isBusy;
  }

  readings(): WriteReadings {
    return this.#batches.readings();
  }

  /** Writes all lines that wait, and completes the pending writes. @returns when nothing is under way */
  finish(): Promise<void> {
    this.#late.flush();
    return this.#batches.finish();
  }
}
