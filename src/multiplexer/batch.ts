/** The array that a wait fills and hands out. */
import type { RegistrationRecord } from './registration-record.js';

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Passes over what has stopped being ready since the wait: a registration that was paused or unregistered, perhaps with
 * its fd closed, by whoever handled an earlier one of the same batch.
 */
class BatchIterator<T> implements IterableIterator<RegistrationRecord<T>, undefined> {
  readonly #batch: readonly RegistrationRecord<T>[];
  #index = 0;
  /** The one result of this iterator, given again and again: an object per event would be garbage per event. */
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

/** An empty batch: a plain array but for its iterator. It is filled again and again. */
export function createBatch<T>(): RegistrationRecord<T>[] {
  const batch: RegistrationRecord<T>[] = [];
  Object.defineProperty(batch, Symbol.iterator, {
    value: () => new BatchIterator(batch),
    enumerable: false,
  });
  return batch;
}
