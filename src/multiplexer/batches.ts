/** The batches of a multiplexer as an async iterator. */
import { hasCode } from '../errors.js';

/** The part of a multiplexer that the iterator uses. */
export interface BatchSource<Batch> {
  readonly closed: boolean;
  /** @throws ERR_BUSY while another wait is under way: that is not the iterator's to end */
  wait(): Promise<Batch>;
  /** Ends the wait under way with `error`. */
  endWait(error: unknown): void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The error that ends a wait whose batch is not wanted any more. */
const RETURNED = Symbol('returned');

/**
 * One iteration. Its `return` ends a `next` that is still waiting. An async generator's would line up behind it and
 * keep the multiplexer busy until something is ready, if ever.
 */
export class BatchSequence<Batch> implements AsyncGenerator<Batch, void, undefined> {
  readonly #source: BatchSource<Batch>;
  /** The result of the latest `next`: the next call waits for it. */
  #latest: Promise<unknown> = Promise.resolve();
  /** How many calls of `next` have not settled. */
  #unsettled = 0;
  #isWaiting = false;
  #isOver = false;

  constructor(source: BatchSource<Batch>) {
    this.#source = source;
  }

  next(): Promise<IteratorResult<Batch, undefined>> {
    const step = () => this.#step();
    const isFirst = this.#unsettled === 0;
    this.#unsettled += 1;
    const result = isFirst ? step() : this.#latest.then(step, step);
    this.#latest = result;
    return result;
  }

  async #step(): Promise<IteratorResult<Batch, undefined>> {
    try {
      if (this.#isOver || this.#source.closed) return this.#end();
      const batch = this.#source.wait();
      this.#isWaiting = true;
      return { done: false, value: await batch };
    } catch (error) {
      this.#isOver = true;
      if (error === RETURNED || hasCode(error, 'ERR_CLOSED')) return DONE;
      throw error;
    } finally {
      this.#isWaiting = false;
      this.#unsettled -= 1;
    }
  }

  /** Ends the iteration, and with it a `next` under way. */
  return(): Promise<IteratorReturnResult<undefined>> {
    return Promise.resolve(this.#end());
  }

  /** Ends the iteration as {@link return} does, and rejects with `error`. */
  async throw(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }

  #end(): IteratorReturnResult<undefined> {
    this.#isOver = true;
    if (this.#isWaiting) this.#source.endWait(RETURNED);
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
