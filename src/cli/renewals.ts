/** The times that a node has begun anew in its process. */
import { performance } from 'node:perf_hooks';
import { Throttle } from '../throttle.js';

/** So often a node begins anew, at once and in a second: logs that are never sound would have it do nothing else. */
const BURST = 3;
const PER_SECOND = 1 / 60;

/** Bounds how often a node begins anew. */
export class Renewals {
  readonly #throttle = new Throttle(PER_SECOND, BURST, performance.now());

  /** Counts one. @returns false if there have been too many */
  begin(): boolean {
    return this.#throttle.take(performance.now());
  }
}
