/** Logs that a broker keeps, for all processes that are connected to it. */
import { Appender } from './appender.js';
import type { Broker, BrokerEnd, BrokerListener } from './broker.js';
import { decodePack, encodePack } from './codec.js';
import type { LogName, Pack } from './entry.js';
import type { HeldPack } from './held-packs.js';
import { type FollowedLog, RemoteFollower, type Restoration } from './remote-follower.js';
import { Restorer } from './restorer.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog } from './shared-log.js';

/** How often followers that hear nothing ask for news, in milliseconds. */
const LOOK_MS = 500;
/** The most logs of one question. */
const MAX_RANGES = 500;
/** How often it is checked whether the logs have their lost packs again, in milliseconds. */
const MEND_LOOK_MS = 20;

/** The choices of a {@link RemoteLog}. */
export interface RemoteLogOptions {
  /** Called once when the broker cannot be reached, or takes nothing, and once (with null) when it works again. */
  readonly onTrouble?: (why: Error | null) => void;
  /**
   * How long nobody appends after the broker has become another process, in milliseconds. In the first half, all
   * processes that have the logs find out which packs it has lost; in the second half, they restore them. @defaultValue
   * 0
   */
  readonly settleMs?: number;
  /** The time, and a timer. @defaultValue those of the process */
  readonly clock?: LogClock;
}

/** A clock that never goes back. */
export interface LogClock {
  /** In milliseconds. */
  now(): number;
  later(ms: number, then: () => void): void;
}

const CLOCK: LogClock = {
  now: () => performance.now(),
  // Nobody waits for the timer once the log is closed.
  later: (ms, then) => void setTimeout(then, ms).unref(),
};

/**
 * The logs of one broker. Followers receive the packs of this process as soon as these have their numbers, and ask for
 * those of others. While the broker cannot be reached, appends fail as `unknown`.
 *
 * If a broker has lost packs, it gets them back when it is found again, before anything else is appended: the last
 * packs are held for that.
 */
export class RemoteLog implements SharedLog, FollowedLog {
  readonly #broker: Broker;
  readonly #onTrouble: (why: Error | null) => void;
  readonly #followers = new Map<LogName, Set<RemoteFollower>>();
  /** The followers that lack something, or may. */
  readonly #wanting = new Set<RemoteFollower>();
  #isReading = false;
  #isLooking = false;
  readonly #appender: Appender;
  readonly #restorer: Restorer;
  readonly #settleMs: number;
  readonly #clock: LogClock;
  /** The time from which lost packs are restored, by the clock. */
  #restoringMs = 0;
  /** The time until which others may restore packs. */
  #settledMs = 0;
  /** Counts how often the broker was found or lost. */
  #contacts = 0;
  /** Whether the broker can be asked. */
  #isReached = false;
  /** Whether the logs are complete again, so that packs can be appended. */
  #isUp = false;
  /** Since when that is so, by the clock. */
  #upSinceMs = 0;
  /** Whether it has been reported that the broker cannot be reached. */
  #hasTrouble = false;
  #isClosed = false;
  /** Callbacks that wait until the broker can be reached. */
  readonly #onUp: (() => void)[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(broker: Broker, options: RemoteLogOptions = {}) {
    const { onTrouble = () => undefined, settleMs = 0, clock = CLOCK } = options;
    this.#broker = broker;
    this.#clock = clock;
    this.#restorer = new Restorer(broker);
    this.#appender = new Appender({
      broker,
      placed: (place, pack, entries) => {
        for (const follower of [...(this.#followers.get(pack.log) ?? [])]) follower.placed(place, entries, pack.bytes);
      },
    });
    this.#onTrouble = onTrouble;
    this.#settleMs = settleMs;
    // Packs that are applied before the first look are as old as this log.
    this.#restorer.held.age(clock.now());
    this.#timer = setInterval(() => {
      this.#restorer.held.age(clock.now());
      this.look();
    }, LOOK_MS);
    broker.open(this.#listener);
  }

  /** Whether the broker can be reached. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** For how long the broker has been reachable without a break, in milliseconds. */
  get upForMs(): number {
    return this.#isUp ? this.#clock.now() - this.#upSinceMs : 0;
  }

  /** The logs that are followed here. */
  get followed(): readonly LogName[] {
    return [...this.#followers.keys()];
  }

  /** The number of packs that are known to be in the logs and have not been applied here. */
  get lag(): number {
    return this.#all().reduce((sum, { lag }) => sum + lag, 0);
  }

  /** Waits until the broker can be reached, or the log is closed. */
  whenUp(): Promise<void> {
    if (this.#isUp || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onUp.push(resolve);
    });
  }

  /** Whether an append or a question is unanswered. */
  get isBusy(): boolean {
    const isAsking = this.#isReading || this.#isLooking || this.#wanting.size > 0;
    const isMending = this.#restorer.isBusy || (this.#isReached && !this.#isUp);
    return isAsking || isMending || this.#appender.isBusy;
  }

  append(name: LogName, entries: Pack, answer: AppendAnswer): void {
    const encoded = this.#isClosed ? null : encodePack(entries);
    if (encoded === null) answer.failed('closed');
    else if (encoded.kind !== 'bytes') answer.failed('invalid');
    else if (!this.#isUp) answer.failed('unknown');
    else {
      const atMs = entries.at(-1)?.atMs ?? 0;
      const pack = { log: name, bytes: encoded.bytes, entries: entries.length, atMs };
      this.#appender.append(pack, entries, answer);
    }
  }

  follow(name: LogName, after: number, sink: LogSink): Following {
    const follower = new RemoteFollower(this, name, after, sink);
    if (this.#isClosed) return follower;
    const others = this.#followers.get(name) ?? new Set();
    this.#followers.set(name, others.add(follower));
    if (!this.#isUp) follower.away();
    this.want(follower);
    return follower;
  }

  isFollowedBy(follower: RemoteFollower): boolean {
    return this.#followers.get(follower.name)?.has(follower) === true;
  }

  leave(follower: RemoteFollower): void {
    const followers = this.#followers.get(follower.name);
    followers?.delete(follower);
    if (followers?.size === 0) this.#followers.delete(follower.name);
    this.#wanting.delete(follower);
  }

  async read(log: LogName, { after, maxPacks }: LogRange): Promise<Excerpt | null> {
    const [page] = await this.#ask((broker) => broker.read([{ log, after, maxPacks }]), []);
    if (page === undefined) return null;
    const { first, top } = page;
    return { packs: page.packs.map(({ seq, bytes }) => ({ seq, ...decodePack(bytes) })), first, top };
  }

  lease(node: string, ms: number): Promise<boolean> {
    return this.#ask((broker) => broker.lease(node, ms).then(() => true), false);
  }

  expired(): Promise<readonly string[] | null> {
    return this.#ask<readonly string[] | null>((broker) => broker.expired(), null);
  }

  living(): Promise<readonly string[] | null> {
    return this.#ask<readonly string[] | null>((broker) => broker.living(), null);
  }

  forget(node: string): Promise<boolean> {
    return this.#ask((broker) => broker.forget(node).then(() => true), false);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#contacts += 1;
    clearInterval(this.#timer);
    this.#followers.clear();
    this.#wanting.clear();
    this.#broker.close();
    this.#appender.close();
    this.#letGo();
  }

  #letGo(): void {
    for (const goOn of this.#onUp.splice(0)) goOn();
  }

  /** Makes all followers check whether they lack packs, or have packs that the log has lost. */
  look(): void {
    if (!this.#isReached || this.#isLooking || this.#followers.size === 0) return;
    this.#isLooking = true;
    void this.#lookForMore();
  }

  /** Makes a follower ask for the packs that it lacks. */
  want(follower: RemoteFollower): void {
    if (!this.#isReached) return;
    this.#wanting.add(follower);
    if (!this.#isReading) void this.#readAll();
  }

  hold(log: LogName, pack: HeldPack): void {
    this.#restorer.held.add(log, pack);
  }

  restore(follower: RemoteFollower, end: BrokerEnd): Restoration {
    if (this.#clock.now() < this.#restoringMs) return 'later';
    const { name, end: applied } = follower;
    const missing = applied === null ? null : this.#restorer.missing(name, end, applied);
    if (missing === null) return this.#clock.now() < this.#settledMs ? 'later' : 'impossible';
    void this.#restorer.putBack(name, end, missing).then(() => {
      follower.restored();
    });
    return 'begun';
  }

  appendAnew(log: LogName, after: number): number {
    const lost = this.#restorer.take(log, after);
    this.#appender.appendAnew(lost);
    return lost.length;
  }

  readonly #listener: BrokerListener = {
    found: (ageMs) => {
      if (this.#isReached || this.#isClosed) return;
      this.#isReached = true;
      this.#contacts += 1;
      const sinceMs = this.#clock.now() - ageMs;
      this.#restoringMs = sinceMs + this.#settleMs / 2;
      this.#settledMs = sinceMs + this.#settleMs;
      void this.#mend(this.#contacts);
    },
    lost: (why) => {
      if (!this.#isReached || this.#isClosed) return;
      const wasUp = this.#isUp;
      this.#isReached = false;
      this.#isUp = false;
      this.#appender.pause();
      this.#contacts += 1;
      this.#wanting.clear();
      if (!wasUp) return;
      this.#hasTrouble = true;
      this.#onTrouble(why);
      this.#appender.failWaiting();
      for (const follower of this.#all()) follower.away();
    },
    published: (log, top) => {
      for (const follower of this.#followers.get(log) ?? []) follower.published(top);
    },
    delivered: (log, pack) => {
      for (const follower of [...(this.#followers.get(log) ?? [])]) follower.delivered(pack);
    },
  };

  /** Waits until the logs have their lost packs again, and nobody is expected to restore any more. */
  async #mend(contact: number): Promise<void> {
    for (;;) {
      const ahead = this.#followers.size === 0 ? [] : await this.#findAhead();
      if (contact !== this.#contacts) return;
      const nowMs = this.#clock.now();
      const mendMs = Math.max(MEND_LOOK_MS, this.#restoringMs - nowMs);
      const waitMs = ahead?.length === 0 ? this.#settledMs - nowMs : mendMs;
      if (waitMs <= 0) break;
      for (const follower of ahead ?? []) this.want(follower);
      await new Promise<void>((resolve) => {
        this.#clock.later(waitMs, resolve);
      });
      if (contact !== this.#contacts) return;
    }
    this.#isUp = true;
    this.#upSinceMs = this.#clock.now();
    // The first time that the broker is reached is no news.
    if (this.#hasTrouble) this.#onTrouble(null);
    this.#hasTrouble = false;
    this.#letGo();
    this.#appender.resume();
    for (const follower of this.#all()) follower.back();
  }

  #all(): RemoteFollower[] {
    return [...this.#followers.values()].flatMap((followers) => [...followers]);
  }

  async #ask<T>(ask: (broker: Broker) => Promise<T>, otherwise: T): Promise<T> {
    if (this.#isClosed || !this.#isReached) return otherwise;
    return ask(this.#broker).catch(() => otherwise);
  }

  /** Asks for everything that is wanted, until nothing is. */
  async #readAll(): Promise<void> {
    this.#isReading = true;
    // Ranges that become wanted in this turn are asked for with the rest.
    await Promise.resolve();
    while (this.#wanting.size > 0 && this.#isReached) {
      const asking = [...this.#wanting].slice(0, MAX_RANGES);
      for (const follower of asking) this.#wanting.delete(follower);
      const pages = await this.#broker.read(asking.map((follower) => follower.range())).catch(() => null);
      // They ask again when the broker is back, or at the next look.
      for (const [index, follower] of asking.entries()) {
        const page = pages?.[index];
        if (page !== undefined && this.isFollowedBy(follower)) follower.answered(page);
      }
    }
    this.#isReading = false;
  }

  async #lookForMore(): Promise<void> {
    const ends = await this.#askEnds();
    this.#isLooking = false;
    for (const [follower, end] of ends ?? []) if (!follower.agrees(end)) this.want(follower);
  }

  /** Returns the followers that have packs which the logs have lost; null if that is not known. */
  async #findAhead(): Promise<RemoteFollower[] | null> {
    const ends = await this.#askEnds();
    return ends?.flatMap(([follower, end]) => (follower.isAheadOf(end) ? [follower] : [])) ?? null;
  }

  /** Returns all followers with the ends of their logs; null if these are not known. */
  async #askEnds(): Promise<(readonly [RemoteFollower, BrokerEnd])[] | null> {
    const names = [...this.#followers.keys()];
    const ends = await this.#broker.ends(names).catch(() => null);
    if (ends === null) return null;
    return names.flatMap((name, index) => {
      const end = ends[index];
      if (end === undefined) return [];
      return [...(this.#followers.get(name) ?? [])].map((follower) => [follower, end] as const);
    });
  }
}
