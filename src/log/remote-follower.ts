/** A follower of a log that is elsewhere. */
import type { BrokerEnd, BrokerPage, BrokerRange, KeptPack, PackPlace } from './broker.js';
import { decodePack } from './codec.js';
import type { LogName, Pack } from './entry.js';
import type { HeldPack } from './held-packs.js';
import type { Following, LogSink } from './shared-log.js';

/** The most packs of one answer. */
const PAGE_PACKS = 100;
/** The number of packs whose marks are remembered: a lost end is nearly always shorter. */
const MARKS = 64;

/**
 * The prospects of a log that has lost its end: the restoration of its packs has `begun`; somebody else may have the
 * packs that are missing here, so try again `later`; or it is `impossible`.
 */
export type Restoration = 'begun' | 'later' | 'impossible';

/** The log of a follower, as the follower needs it. */
export interface FollowedLog {
  /** Makes a follower ask for the packs that it lacks. */
  want(follower: RemoteFollower): void;
  isFollowedBy(follower: RemoteFollower): boolean;
  leave(follower: RemoteFollower): void;
  /** Holds a pack that has been applied, in case the log loses its end. */
  hold(log: LogName, pack: HeldPack): void;
  /** Restores the lost packs of a log that ends here. The follower asks again when that is done. */
  restore(follower: RemoteFollower, end: BrokerEnd): Restoration;
  /** Appends the held packs of a log after a number again, before anything else. @returns the number of packs */
  appendAnew(log: LogName, after: number): number;
}

/**
 * Hands its sink every pack once and in order. Packs may reach it late, twice or not at all: if one does not continue
 * the packs that it has, it asks for the packs in between.
 */
export class RemoteFollower implements Following {
  readonly name: LogName;
  readonly #log: FollowedLog;
  readonly #sink: LogSink;
  #applied: number;
  /** The number of the last pack in the log, as far as is known. */
  #top = 0;
  /** The number of the last applied pack when the pending question was asked: the answer starts after it. */
  #asked = 0;
  /** The marks of the last packs that were applied, the oldest first; the last one belongs to `#applied`. */
  #marks: string[] = [];
  /** The end of the log when it was first asked; null before that. */
  #goal: number | null = null;
  #hasCaughtUp = false;
  /** Whether the pending answer is to show how much of its end the log has lost. */
  #isComparing = false;
  /** Whether lost packs of the log are being restored. */
  #isRestoring = false;
  /** The number of the pack after which the log had lost its end; null if it has everything that was applied. */
  #lostAfter: number | null = null;

  constructor(log: FollowedLog, name: LogName, applied: number, sink: LogSink) {
    this.#log = log;
    this.name = name;
    this.#applied = applied;
    this.#sink = sink;
  }

  get applied(): number {
    return this.#applied;
  }

  /** The place of the last applied pack; null if its mark is not known. */
  get end(): BrokerEnd | null {
    const mark = this.#marks.at(-1);
    return mark === undefined ? null : { top: this.#applied, mark };
  }

  /** The number of packs that are known to be in the log and have not been applied. */
  get lag(): number {
    return Math.max(0, this.#top - this.#applied);
  }

  stop(): void {
    this.#log.leave(this);
  }

  away(): void {
    this.#sink.away();
  }

  back(): void {
    this.#sink.back();
    this.#want();
  }

  /** Somebody reports that the log has this many packs. */
  published(top: number): void {
    this.#top = Math.max(this.#top, top);
    if (top > this.#applied) this.#want();
  }

  /** Whether it is known that the log ends at the same pack as this follower, with the same packs. */
  agrees({ top, mark }: BrokerEnd): boolean {
    return this.#goal !== null && top === this.#applied && this.#hasMark(mark);
  }

  /** Whether it is known that the log has lost packs that were applied. */
  isAheadOf({ top, mark }: BrokerEnd): boolean {
    return this.#goal !== null && (top < this.#applied || (top === this.#applied && !this.#hasMark(mark)));
  }

  /** Asks again, after packs have been restored, or could not be. */
  restored(): void {
    this.#isRestoring = false;
    this.#want();
  }

  /** A pack of this process has got its place. */
  placed(place: PackPlace, entries: Pack, bytes: Uint8Array): void {
    if (!this.#continues(place)) {
      this.published(place.seq);
      return;
    }
    this.#advance(place, bytes);
    this.#sink.pack(place.seq, entries);
  }

  /** A pack of another process has arrived with its announcement. */
  delivered(pack: KeptPack): void {
    if (this.#continues(pack)) this.#take(pack);
    else this.published(pack.seq);
  }

  /** The range that it asks for next. */
  range(): BrokerRange {
    this.#asked = this.#applied;
    // To find the last common pack, it needs all packs whose marks are known.
    const known = this.#isComparing ? this.#marks.length : 0;
    return { log: this.name, after: this.#applied - known, maxPacks: this.#isComparing ? known : PAGE_PACKS };
  }

  /** The answer to a question. It may be older than packs that have been applied since. */
  answered(page: BrokerPage): void {
    this.#top = page.top;
    this.#goal ??= page.top;
    if (this.#isRestoring) return;
    if (this.#isComparing) this.#compare(page);
    else if (this.#isContradictedBy(page)) this.#disagree(page);
    else this.#agree(page);
    this.#mayHaveCaughtUp(page.top);
    if (this.#isComparing || this.#applied < page.top) this.#want();
  }

  #want(): void {
    if (this.#isFollowed()) this.#log.want(this);
  }

  #isFollowed(): boolean {
    return this.#log.isFollowedBy(this);
  }

  /** Whether a mark may be that of the last pack; true as long as the mark of that pack is unknown. */
  #hasMark(mark: string): boolean {
    const last = this.#marks.at(-1);
    return last === undefined || last === mark;
  }

  #continues({ seq, before }: PackPlace): boolean {
    return seq === this.#applied + 1 && this.#hasMark(before) && this.#goal !== null && this.#isFollowed();
  }

  #isContradictedBy({ top, mark, packs: [next] }: BrokerPage): boolean {
    if (top < this.#asked) return true;
    // The answer is older than packs that this process has appended since.
    if (top < this.#applied) return false;
    if (top === this.#applied) return !this.#hasMark(mark);
    return next?.seq === this.#applied + 1 && !this.#hasMark(next.before);
  }

  #advance({ seq, mark, before }: PackPlace, bytes: Uint8Array): void {
    this.#log.hold(this.name, { seq, mark, before: this.#marks.at(-1) ?? before, bytes });
    this.#applied = seq;
    this.#marks.push(mark);
    if (this.#marks.length > 2 * MARKS) this.#marks = this.#marks.slice(-MARKS);
  }

  #takeAll({ top, mark, packs }: BrokerPage): void {
    if (packs.length === 0) this.#skipTo(top, mark);
    for (const pack of packs) {
      if (!this.#isFollowed()) return;
      if (pack.seq > this.#applied) this.#take(pack);
    }
    if (top === this.#applied && this.#marks.length === 0) this.#marks = [mark];
  }

  #take(pack: KeptPack): void {
    if (pack.seq > this.#applied + 1) this.#skipTo(pack.seq - 1, pack.before);
    // The sink may have stopped this follower.
    if (!this.#isFollowed() || !this.#hasMark(pack.before)) return;
    this.#advance(pack, pack.bytes);
    const decoded = decodePack(pack.bytes);
    if (decoded.kind === 'pack') this.#sink.pack(pack.seq, decoded.entries);
    else this.#sink.unreadable(pack.seq, decoded);
  }

  /**
   * Packs up to this number have been applied, or are no longer kept, or never existed: if the mark is the same, the
   * log has left out the numbers in between. A log whose row was removed begins without a mark; it had nothing that a
   * follower which has just begun would lack.
   */
  #skipTo(seq: number, mark: string): void {
    const applied = this.#applied;
    if (seq <= applied) return;
    const last = applied === 0 ? '' : (this.#marks.at(-1) ?? '');
    this.#applied = seq;
    this.#marks = [mark];
    if (mark !== last) this.#sink.missing(applied + 1, seq);
  }

  #agree(page: BrokerPage): void {
    // An answer that is older than the last packs of this process says nothing about them.
    if (this.#lostAfter !== null && page.top >= this.#applied) {
      this.#sink.restored?.(this.#lostAfter + 1, this.#applied);
      this.#lostAfter = null;
    }
    this.#takeAll(page);
  }

  /** The log has different packs from those that were applied. */
  #disagree({ top, mark }: BrokerPage): void {
    if (top < this.#applied) {
      const restoration = this.#log.restore(this, { top, mark });
      this.#isRestoring = restoration === 'begun';
      if (restoration !== 'impossible') {
        if (this.#lostAfter === null) this.#sink.lost?.(top + 1, this.#applied);
        this.#lostAfter = Math.min(this.#lostAfter ?? top, top);
        return;
      }
    }
    // Without a mark, only the number shows that something is lost.
    if (this.#marks.length === 0) this.#regress(top);
    else this.#isComparing = true;
  }

  /** Finds the last pack that is in the log as it was applied. */
  #compare({ first, top, packs }: BrokerPage): void {
    this.#isComparing = false;
    const oldest = this.#applied - this.#marks.length + 1;
    const same = packs.findLast(({ seq, mark }) => this.#marks[seq - oldest] === mark);
    // Everything that had been applied when the question was asked is there, or is too old for its mark to be known.
    if (oldest > this.#asked || (same?.seq ?? 0) >= this.#asked) return;
    // At least the last pack differs, even if the log keeps nothing that shows it.
    this.#regress(same?.seq ?? Math.min(top, this.#applied - 1, Math.max(first, oldest) - 1));
  }

  #regress(top: number): void {
    const applied = this.#applied;
    if (top >= applied) return;
    this.#marks = this.#marks.slice(0, Math.max(this.#marks.length - (applied - top), 0));
    this.#applied = top;
    this.#lostAfter = null;
    this.#sink.regressed(applied, top, this.#log.appendAnew(this.name, top));
  }

  #mayHaveCaughtUp(top: number): void {
    if (this.#hasCaughtUp || this.#isComparing || this.#lostAfter !== null) return;
    if (this.#goal === null || !this.#isFollowed()) return;
    if (this.#applied < Math.min(this.#goal, top)) return;
    this.#hasCaughtUp = true;
    this.#sink.caughtUp();
  }
}
