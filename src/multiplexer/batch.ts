/** The array that a wait fills and hands out. */
import type { RegistrationRecord } from './registration-record.js';

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Skips registrations that have stopped being ready since the wait: one that the handling of an earlier one of the same
 * batch has paused or unregistered, perhaps closing its fd.
 */
class BatchIterator<T> implements IterableIterator<RegistrationRecord<T>, undefined> {
  readonly #batch: readonly RegistrationRecord<T>[];
  #index = 0;
  /** The one result object of this iterator, which it returns every time: one per event would be garbage per event. */
  #result: IteratorYieldResult<RegistrationRecord<T>> | undefined;

  constructor(batch: readonly RegistrationRecord<T>[]) {
    this.#batch = batch;
  }

  next(): IteratorResult<RegistrationRecord<T>, undefined> {
    const batch = this.#batch;
    while (this.#index < batch.length) {
      const record = batch[this.#index];
      this.#index += 1;
      if (record === undefined || record.events === 0) continue;
      if (this.#result === undefined) this.#result = { done: false, value: record };
      else this.#result.value = record;
      return this.#result;
    }
    return END;
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** Returns an empty batch: a plain array except for its iterator. Each wait fills it again. */
export function createBatch<T>(): RegistrationRecord<T>[] {
  const batch: RegistrationRecord<T>[] = [];
  Object.defineProperty(batch, Symbol.iterator, {
    value: () => new BatchIterator(batch),
    enumerable: false,
  });
  return batch;
}
