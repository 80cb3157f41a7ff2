/** The appends of one process to the logs of a broker. */
import { type Broker, MAX_CALL_BYTES, type PackPlace, type PackToKeep } from './broker.js';
import type { Pack } from './entry.js';
import type { LostPack } from './restorer.js';
import type { AppendAnswer } from './shared-log.js';

/** Ignores the answer: nobody waits for it. */
const NOBODY: AppendAnswer = { appended: () => undefined, failed: () => undefined };

interface Queued {
  readonly pack: PackToKeep;
  readonly entries: Pack;
  readonly answer: AppendAnswer;
  /** Whether it was in the log before: it is appended until the broker has taken it. */
  readonly isAnew: boolean;
}

interface Arrived {
  readonly place: PackPlace;
  readonly queued: Queued;
}

/** The surroundings of an {@link Appender}. */
export interface AppenderParts {
  readonly broker: Pick<Broker, 'append'>;
  /** Hands a pack that has got its place to the followers of its log. */
  readonly placed: (place: PackPlace, pack: PackToKeep, entries: Pack) => void;
}

/**
 * The packs of one turn leave in one call, and one call is under way at a time: packs that are appended meanwhile leave
 * together in the next.
 */
export class Appender {
  readonly #parts: AppenderParts;
  #queue: Queued[] = [];
  /** Whether the logs take packs. */
  #isUp = false;
  /** Whether the queue is sent at the end of this turn. */
  #isSending = false;
  #isAppending = false;
  /** Packs that have their places, on their way to the followers. A sink may append while it is called. */
  readonly #arrived: Arrived[] = [];
  #isTelling = false;
  #isClosed = false;

  constructor(parts: AppenderParts) {
    this.#parts = parts;
  }

  /** Whether an append is unanswered. */
  get isBusy(): boolean {
    return this.#isAppending || this.#queue.length > 0;
  }

  /** Appends a pack when the logs take packs. */
  append(pack: PackToKeep, entries: Pack, answer: AppendAnswer): void {
    this.#queue.push({ pack, entries, answer, isAnew: false });
    this.#sendSoon();
  }

  /** Appends packs again that a log has lost: new entries of a session go behind its earlier ones, or do not count. */
  appendAnew(lost: readonly LostPack[]): void {
    this.#queue.unshift(...lost.map((one) => ({ ...one, answer: NOBODY, isAnew: true })));
    this.#sendSoon();
  }

  /** The logs take packs. */
  resume(): void {
    this.#isUp = true;
    this.#sendSoon();
  }

  /** The logs take nothing: packs wait. */
  pause(): void {
    this.#isUp = false;
  }

  /** Fails the packs that wait, but those that a log has lost. */
  failWaiting(): void {
    this.#fail(this.#queue.splice(0));
  }

  /** Fails everything. */
  close(): void {
    this.#isClosed = true;
    this.failWaiting();
  }

  /** Sends the queue after the callback that is running, which is one turn of the server. */
  #sendSoon(): void {
    if (this.#isSending || this.#isAppending || !this.#isUp) return;
    this.#isSending = true;
    queueMicrotask(this.#send);
  }

  readonly #send = (): void => {
    this.#isSending = false;
    if (this.#isAppending || this.#queue.length === 0 || !this.#isUp) return;
    this.#isAppending = true;
    void this.#appendAll(this.#nextCall());
  };

  #nextCall(): Queued[] {
    let bytes = 0;
    const size = this.#queue.findIndex(({ pack }, index) => {
      bytes += pack.bytes.length;
      return index > 0 && bytes > MAX_CALL_BYTES;
    });
    return this.#queue.splice(0, size < 0 ? this.#queue.length : size);
  }

  async #appendAll(call: readonly Queued[]): Promise<void> {
    const places = await this.#parts.broker.append(call.map(({ pack }) => pack)).catch(() => null);
    this.#isAppending = false;
    this.#send();
    if (places === null || this.#isClosed) {
      this.#fail(call);
      this.#sendSoon();
      return;
    }
    for (const [index, queued] of call.entries()) {
      const place = places[index];
      if (place === undefined) queued.answer.failed('unknown');
      else this.#arrived.push({ place, queued });
    }
    this.#tellAll();
  }

  #fail(call: readonly Queued[]): void {
    // A second copy of a pack that is appended again counts for nothing.
    if (!this.#isClosed) this.#queue.unshift(...call.filter(({ isAnew }) => isAnew));
    for (const { answer } of call) answer.failed(this.#isClosed ? 'closed' : 'unknown');
  }

  #tellAll(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#arrived.shift(); next !== undefined; next = this.#arrived.shift()) this.#tell(next);
    } finally {
      this.#isTelling = false;
    }
  }

  #tell({ place, queued: { pack, entries, answer } }: Arrived): void {
    this.#parts.placed(place, pack, entries);
    if (this.#isClosed) answer.failed('closed');
    else answer.appended(place.seq);
  }
}
