/** The array that a wait fills and hands out. */
import type { RegistrationRecord } from './registration.js';

/**
 * Passes over what has stopped being ready since the wait: a registration that was paused or unregistered, perhaps with
 * its fd closed, by whoever handled an earlier one of the same batch.
 */
class BatchIterator<T> implements IterableIterator<RegistrationRecord<T>, undefined> {
  readonly #batch: readonly RegistrationRecord<T>[];
  #index = 0;

  constructor(batch: readonly RegistrationRecord<T>[]) {
    this.#batch = batch;
  }

  next(): IteratorResult<RegistrationRecord<T>, undefined> {
    const batch = this.#batch;
    while (this.#index < batch.length) {
      const record = batch[this.#index];
      this.#index += 1;
      if (record !== undefined && record.events !== 0) return { done: false, value: record };
    }
    return { done: true, value: undefined };
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
