/** Readers that take less than they are sent, and the limit on the bytes that wait for all of them together. */
import { sendQueueExceeded } from '../protocol/parting.js';
import { type Clock, SYSTEM_CLOCK } from './clock.js';

/** A peer that bytes wait for. */
export interface Reader {
  /** Bytes that wait for it; 0 once it has been cut off. */
  readonly pendingBytes: number;
  /** Ends its connection and drops what is pending. */
  cutAsSlow(reason: string): void;
}

/** A peer that can be full. */
export interface SlowReader extends Reader {
  /** Whether so many bytes wait that it must be assessed. */
  readonly isFull: boolean;
  /** Decides how far it is behind, now that the kernel has been offered everything. */
  assess(): void;
}

/** The slow readers of one server. */
export class Backlog<T extends SlowReader> {
  /** The most bytes that may wait for all together; 0 for no limit. */
  limitBytes: number;
  readonly #clock: Clock;
  #overflowed: T[] = [];
  /** Readers that were full when they were last looked at. */
  readonly #behind = new Set<T>();

  constructor(limitBytes: number, clock: Clock = SYSTEM_CLOCK) {
    this.limitBytes = limitBytes;
    this.#clock = clock;
  }

  /** Notes a reader that has become full. It is assessed after the turn, since a fan-out must not close anything. */
  overflowed(reader: T): void {
    if (this.#overflowed.length === 0) this.#clock.soon(this.#assess);
    this.#overflowed.push(reader);
  }

  readonly #assess = (): void => {
    const readers = new Set(this.#overflowed);
    this.#overflowed = [];
    for (const reader of readers) {
      reader.assess();
      this.#behind.add(reader);
    }
    for (const reader of this.#behind) if (!reader.isFull || reader.pendingBytes === 0) this.#behind.delete(reader);
    cutFurthestBehind(this.#behind, this.limitBytes);
  };
}

/**
 * Cuts off those who are furthest behind, until the bytes of the others are within the limit.
 *
 * @param limitBytes - 0 for no limit
 */
export function cutFurthestBehind(readers: Iterable<Reader>, limitBytes: number): void {
  if (limitBytes === 0) return;
  let totalBytes = 0;
  for (const { pendingBytes } of readers) totalBytes += pendingBytes;
  if (totalBytes <= limitBytes) return;
  const furthestFirst = [...readers].sort((one, other) => other.pendingBytes - one.pendingBytes);
  for (const reader of furthestFirst) {
    const { pendingBytes } = reader;
    reader.cutAsSlow(sendQueueExceeded(`${totalBytes} bytes wait for all readers, the limit is ${limitBytes}`));
    totalBytes -= pendingBytes;
    if (totalBytes <= limitBytes) break;
  }
}
