/** The thread of the clients that measure silence, seen from the suite. */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import * as v from 'valibot';
import { built } from '../support/tools.js';

/** What the thread needs to begin. */
export const placeSchema = v.strictObject({ port: v.number() });
/** What the thread is asked for: the figures since it was asked before, after so many more clients have come in. */
export const orderSchema = v.strictObject({ enter: v.number() });

/** A client that has no answer after this time has been forgotten. */
const PATIENCE_MS = 60_000;

const silenceSchema = v.strictObject({
  /** The longest time that one of the clients waited for an answer. */
  waitMs: v.number(),
  /** The longest time in which none of them was answered. */
  gapMs: v.number(),
});

/** The longest silence of a server. */
export type Silence = v.InferOutput<typeof silenceSchema>;

/** Clients that ask a server as often as it answers. */
export class Watching {
  readonly #worker: Worker;

  constructor(port: number) {
    this.#worker = new Worker(join(built, 'upgrade/watch.js'), { workerData: { port } });
  }

  /** Lets more of them in. */
  async enter(count: number): Promise<void> {
    await this.#ask({ enter: count });
  }

  /** Returns the longest silence since the last call. */
  async take(): Promise<Silence> {
    return this.#ask({ enter: 0 });
  }

  async #ask(order: v.InferOutput<typeof orderSchema>): Promise<Silence> {
    this.#worker.postMessage(order);
    const [silence] = await once(this.#worker, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return v.parse(silenceSchema, silence);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
