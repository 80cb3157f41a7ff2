/** One log of the store, with its followers. */
import { decodePack } from '../log/codec.js';
import type { Pack } from '../log/entry.js';
import type { Following, LogSink } from '../log/shared-log.js';
import type { Page } from './log-reads.js';

/** How many packs a follower that is behind reads at a time. */
const PAGE_PACKS = 100;

/** Reads packs of the log; null when they cannot be read. */
export type ReadPage = (after: number, maxPacks: number) => Promise<Page | null>;

/** A follower of the log. */
class Follower implements Following {
  readonly #log: StoredLog;
  readonly #sink: LogSink;
  #applied: number;
  #isReading = false;
  #hasCaughtUp = false;

  constructor(log: StoredLog, applied: number, sink: LogSink) {
    this.#log = log;
    this.#applied = applied;
    this.#sink = sink;
  }

  get applied(): number {
    return this.#applied;
  }

  stop(): void {
    this.#log.leave(this);
  }

  /** Compares its last applied pack with the end of the log, and reads the missing packs. */
  begin(): void {
    const { top } = this.#log;
    if (top !== null && this.#applied > top) this.#regress(top);
    for (const { seq, body } of this.#log.takeTail(this.#applied)) this.#read(seq, body);
    if (this.#isBehind) void this.#catchUp();
    else this.#mayHaveCaughtUp();
  }

  /** Whether the log has, or may have, more than has been applied. */
  get #isBehind(): boolean {
    const { top } = this.#log;
    return top === null || this.#applied < top;
  }

  #mayHaveCaughtUp(): void {
    if (this.#hasCaughtUp || this.#isBehind || !this.#log.isFollowedBy(this)) return;
    this.#hasCaughtUp = true;
    this.#sink.caughtUp();
  }

  /** A pack has been appended. A follower that is behind gets it when it has read that far. */
  take(seq: number, entries: Pack): void {
    if (this.#isReading || seq !== this.#applied + 1) return;
    this.#applied = seq;
    this.#sink.pack(seq, entries);
  }

  away(): void {
    this.#sink.away();
  }

  back(): void {
    this.#sink.back();
    if (!this.#isReading && this.#log.isFollowedBy(this)) this.begin();
  }

  async #catchUp(): Promise<void> {
    this.#isReading = true;
    while (this.#isBehind && this.#log.isFollowedBy(this)) {
      const { top } = this.#log;
      const page = await this.#log.read(this.#applied, PAGE_PACKS);
      // It goes on when the store is back.
      if (page === null) break;
      if (top === null) this.#log.learn(page.top);
      // A pack that is reported during the read need not be in the page, and one in the page need not be reported yet.
      const upTo = Math.max(top ?? 0, Math.min(page.top, this.#log.top ?? page.top));
      if (this.#log.isFollowedBy(this)) this.#turn(page, upTo);
    }
    this.#isReading = false;
    this.#mayHaveCaughtUp();
  }

  /** @param top - the end of the log up to which the page says everything */
  #turn({ packs, first }: Page, top: number): void {
    if (this.#applied > top) this.#regress(top);
    else if (packs.length === 0) this.#skipTo(top);
    else if (first <= top) this.#skipTo(first - 1);
    for (const { seq, body } of packs) {
      // Packs that the thread has not reported yet arrive with its report.
      if (!this.#log.isFollowedBy(this) || seq > top) return;
      this.#read(seq, body);
    }
  }

  #read(seq: number, body: Uint8Array): void {
    this.#skipTo(seq - 1);
    this.#applied = seq;
    const decoded = decodePack(body);
    if (decoded.kind === 'pack') this.#sink.pack(seq, decoded.entries);
    else this.#sink.unreadable(seq, decoded);
  }

  /** Packs up to this number are kept no longer, unless they have been applied. */
  #skipTo(seq: number): void {
    const applied = this.#applied;
    if (applied >= seq || !this.#log.isFollowedBy(this)) return;
    this.#applied = seq;
    this.#sink.missing(applied + 1, seq);
  }

  #regress(top: number): void {
    const applied = this.#applied;
    this.#applied = top;
    this.#sink.regressed(applied, top);
  }
}

/** The parts of a {@link StoredLog}. */
export interface StoredLogParts {
  /** The number of its last pack; null if that has to be read. */
  readonly top: number | null;
  /** The last packs; the first follower receives them at once. */
  readonly tail?: Page['packs'] | undefined;
  readonly read: ReadPage;
  /** Called when nobody follows the log any more. */
  readonly abandoned: () => void;
}

/** One log. */
export class StoredLog {
  readonly read: ReadPage;
  /** Replaced as a whole, since a follower that is called may add or remove others. */
  #followers: readonly Follower[] = [];
  /** Packs on their way to the followers. If a sink appends, the new pack follows after the present one. */
  readonly #arrived: { readonly seq: number; readonly entries: Pack }[] = [];
  #isTelling = false;
  #top: number | null;
  #tail: Page['packs'];
  readonly #abandoned: () => void;

  constructor({ top, tail = [], read, abandoned }: StoredLogParts) {
    this.#top = top;
    this.#tail = tail;
    this.#abandoned = abandoned;
    this.read = read;
  }

  /** Hands over the last packs, if they are the ones after a number. */
  takeTail(after: number): Page['packs'] {
    const tail = this.#tail;
    this.#tail = [];
    return tail[0]?.seq === after + 1 && tail.at(-1)?.seq === this.#top ? tail : [];
  }

  /** The number of the last pack that is known to be stored; null as long as nothing of the log is known. */
  get top(): number | null {
    return this.#top;
  }

  /** The store has said where the log ends. */
  learn(top: number): void {
    this.#top = Math.max(top, this.#top ?? 0);
  }

  get isFollowed(): boolean {
    return this.#followers.length > 0;
  }

  isFollowedBy(follower: Follower): boolean {
    return this.#followers.includes(follower);
  }

  /** A pack is stored: all followers get it. */
  stored(seq: number, entries: Pack): void {
    this.learn(seq);
    this.#arrived.push({ seq, entries });
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#arrived.shift(); next !== undefined; next = this.#arrived.shift()) {
        for (const follower of this.#followers) {
          if (this.isFollowedBy(follower)) follower.take(next.seq, next.entries);
        }
      }
    } finally {
      this.#isTelling = false;
    }
  }

  follow(after: number, sink: LogSink): Following {
    const follower = new Follower(this, after, sink);
    this.#followers = [...this.#followers, follower];
    follower.begin();
    return follower;
  }

  leave(follower: Follower): void {
    if (!this.isFollowedBy(follower)) return;
    this.#followers = this.#followers.filter((one) => one !== follower);
    if (!this.isFollowed) this.#abandoned();
  }

  away(): void {
    for (const follower of this.#followers) follower.away();
  }

  back(): void {
    for (const follower of this.#followers) follower.back();
  }

  /** Ends all following. */
  close(): void {
    this.#followers = [];
  }
}
