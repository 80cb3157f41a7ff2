/** The findings of a turn: the records to call back, apart from those of the batch. */
import type { ReadySink } from './backend.js';
import { createBatch } from './batch.js';
import type { RegistrationRecord } from './registration-record.js';

/**
 * Each event goes to its place in one step: a second one would make a wait spend more time on it than the kernel does
 * on finding it.
 */
export class ReadyRecords<T> implements ReadySink<RegistrationRecord<T>> {
  /** Those without `onReady`, once {@link finish} was called. Each wait fills the same array. */
  readonly batch = createBatch<T>();
  woken = false;
  #served: (RegistrationRecord<T> | undefined)[] = [];
  #servedCount = 0;
  #batchSize = 0;

  get length(): number {
    return this.#servedCount + this.#batchSize;
  }

  /** How many have an `onReady`. */
  get servedCount(): number {
    return this.#servedCount;
  }

  clear(): void {
    this.#servedCount = 0;
    this.#batchSize = 0;
    this.woken = false;
  }

  push(record: RegistrationRecord<T>): void {
    if (record.onReady === undefined) {
      this.batch[this.#batchSize] = record;
      this.#batchSize += 1;
    } else {
      this.#served[this.#servedCount] = record;
      this.#servedCount += 1;
    }
  }

  sort(compare: (one: RegistrationRecord<T>, other: RegistrationRecord<T>) => number): void {
    this.finish();
    this.batch.sort(compare);
    const served = this.#served.slice(0, this.#servedCount).filter((record) => record !== undefined);
    this.#served = served.sort(compare);
  }

  /** Gives the batch its length. */
  finish(): void {
    // Setting an unchanged length would cost as much as an event.
    if (this.batch.length !== this.#batchSize) this.batch.length = this.#batchSize;
  }

  /** Returns a record to call back, once: the list must not keep it from being collected after it was unregistered. */
  takeServed(index: number): RegistrationRecord<T> | undefined {
    const record = this.#served[index];
    this.#served[index] = undefined;
    return record;
  }

  /** Removes from the batch the records that a handler has ended: its iterator leaves those out. */
  dropEnded(): void {
    const { batch } = this;
    if (batch.length === 0) return;
    let size = 0;
    for (const record of batch) {
      batch[size] = record;
      size += 1;
    }
    this.#batchSize = size;
    this.finish();
  }
}
