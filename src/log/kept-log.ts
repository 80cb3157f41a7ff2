/** One log in memory, with its followers. */
import type { Pack } from './entry.js';
import { type Meter, PackStore, type Retention } from './pack-store.js';
import type { Following, LogSink } from './shared-log.js';

/** A follower of the log. */
class Follower implements Following {
  readonly #log: KeptLog;
  readonly #sink: LogSink;
  #applied: number;
  #isTaking = false;
  #isOver = false;

  constructor(log: KeptLog, applied: number, sink: LogSink) {
    this.#log = log;
    this.#applied = applied;
    this.#sink = sink;
  }

  get applied(): number {
    return this.#applied;
  }

  stop(): void {
    this.end();
    this.#log.leave(this);
  }

  /** Stops taking packs. */
  end(): void {
    this.#isOver = true;
  }

  /** Takes the packs that the log has already. */
  begin(): void {
    this.take();
    if (!this.#isOver) this.#sink.caughtUp();
  }

  /** Takes all available packs. If its own sink calls it, the call under way takes them. */
  take(): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    try {
      while (this.#applied !== this.#log.packs.top && !this.#isOver) this.#step();
    } finally {
      this.#isTaking = false;
    }
  }

  #step(): void {
    const { packs } = this.#log;
    const applied = this.#applied;
    const entries = packs.at(applied + 1);
    if (entries !== undefined) {
      this.#applied = applied + 1;
      this.#sink.pack(applied + 1, entries);
    } else if (applied > packs.top) {
      this.#applied = packs.top;
      this.#sink.regressed(applied, packs.top);
    } else {
      const { first } = packs;
      this.#applied = first - 1;
      this.#sink.missing(applied + 1, first - 1);
    }
  }
}

/** One log. */
export class KeptLog {
  readonly packs: PackStore;
  /** Replaced as a whole, since a follower that is called may add or remove others. */
  #followers: readonly Follower[] = [];
  readonly #abandoned: () => void;
  #depth = 0;

  /** @param abandoned - called when nobody follows the log any more */
  constructor(retention: Retention, meter: Meter, abandoned: () => void) {
    this.packs = new PackStore(retention, meter);
    this.#abandoned = abandoned;
  }

  /** Whether followers that may still need its packs are being called. */
  get isBusy(): boolean {
    return this.#depth > 0;
  }

  get isFollowed(): boolean {
    return this.#followers.length > 0;
  }

  /** Appends a pack and hands it to all followers. @returns its number */
  push(pack: Pack): number {
    const seq = this.packs.push(pack);
    this.#depth += 1;
    try {
      for (const follower of this.#followers) follower.take();
    } finally {
      this.#depth -= 1;
      // A sink that appends delays the others until it returns, so the packs that they still need stay.
      if (this.#depth === 0) this.packs.trim();
    }
    return seq;
  }

  follow(after: number, sink: LogSink): Following {
    const follower = new Follower(this, after, sink);
    this.#followers = [...this.#followers, follower];
    follower.begin();
    return follower;
  }

  leave(follower: Follower): void {
    if (!this.#followers.includes(follower)) return;
    this.#followers = this.#followers.filter((one) => one !== follower);
    if (!this.isFollowed) this.#abandoned();
  }

  /** Stops all followers. */
  close(): void {
    for (const follower of this.#followers) follower.end();
    this.#followers = [];
  }
}
