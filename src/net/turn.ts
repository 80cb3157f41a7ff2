/**
 * A turn: everything that the connections of one multiplexer do between two waits, in order.
 *
 * The multiplexer reports the ready connections one by one; they only line up. When it has reported all, the turn
 * receives for all of them and calls their handlers, and sends each connection what the handlers wrote to it. So an
 * idle connection holds no buffer, and however often a handler writes, a connection costs one send(2) a turn.
 */
import { native } from '../binding/load.js';
import { closedError, toError } from '../errors.js';
import type { BackendName } from '../multiplexer/backend.js';
import { keepsContexts } from '../multiplexer/handler.js';
import type { Registration } from '../multiplexer/registration.js';
import { rethrowLater } from '../readiness/waiter.js';
import { MEMORY_RETRY_MS } from '../socket/memory-shortage.js';
import { OutputArena, type Writable } from './output-arena.js';
import { ReceiveSlab } from './receive-slab.js';
import { type Timer, Timers } from './timers.js';
import type { Readiness, TurnDriver, WatchSettings } from './turn-driver.js';
import { TurnList } from './turn-list.js';
import type { FdOwner, TurnMember } from './turn-member.js';

const turns = new WeakMap<TurnDriver, Turn>();

/** The turns of one multiplexer, one after the other. */
export class Turn {
  readonly #driver: TurnDriver;
  /** By fd, so that one function is the callback of all of them, and a connection needs no closure of its own. */
  readonly #owners: (FdOwner | undefined)[] = [];
  /** The options that the driver gets for the settings of an owner. The same object is checked once. */
  readonly #options = new WeakMap<object, WatchSettings>();
  readonly #timers: Timers;
  readonly #slab: ReceiveSlab<TurnMember>;
  readonly #arena: OutputArena<TurnMember>;

  readonly #readable = new TurnList<TurnMember>();
  #drained: TurnMember[] = [];
  #destroyed: TurnMember[] = [];
  #starved: TurnMember[] = [];
  #starvedTimer: Timer | undefined;
  #deferred: (() => void)[] = [];
  #failures: unknown[] = [];
  #watchesFailures = false;
  /** Why the multiplexer was given up. */
  #failure: Error | undefined;
  /** Whether the end of a turn is certain to follow, so that it need not be requested. */
  #isUnderWay = false;
  #isEnding = false;
  #nowMs = -1;

  /** The turns that all connections on `driver` share. */
  static of(driver: TurnDriver): Turn {
    let turn = turns.get(driver);
    if (turn === undefined) {
      turn = new Turn(driver);
      turns.set(driver, turn);
    }
    return turn;
  }

  private constructor(driver: TurnDriver) {
    this.#driver = driver;
    this.#timers = new Timers((fd, onReady) =>
      driver.register(fd, { interest: 'read', onReady: keepsContexts(onReady) }),
    );
    this.#slab = new ReceiveSlab(native, (member) => this.addStarved(member));
    this.#arena = new OutputArena(native, (member) => this.addStarved(member));
    driver.onTurnEnd(this.#end);
    driver.onClose(this.#end);
  }

  /** The backend in use. */
  get backend(): BackendName {
    return this.#driver.backend;
  }

  /** Registers an fd, and calls `owner` when it is ready. {@link unwatch} ends the registration. */
  watch(owner: FdOwner, fd: number, settings: Omit<WatchSettings, 'onReady'>): Registration {
    let options = this.#options.get(settings);
    if (options === undefined) {
      options = { ...settings, onReady: this.#onReady };
      this.#options.set(settings, options);
    }
    const registration = this.#driver.register(fd, options);
    this.#owners[fd] = owner;
    return registration;
  }

  /** Ends a registration. Call it before the fd is closed. */
  unwatch(owner: FdOwner, registration: Registration): void {
    // If the user has closed the fd already, another owner may have its number by now.
    if (this.#owners[registration.fd] === owner) this.#owners[registration.fd] = undefined;
    registration.unregister();
  }

  readonly #onReady = keepsContexts((registration: Readiness): void => {
    // The end of the turn follows by itself.
    this.#isUnderWay = true;
    this.#owners[registration.fd]?.ready(registration);
  });

  /** A wait has failed: reports it to every owner of an fd. */
  readonly waitFailed = keepsContexts((error: unknown): void => {
    for (const owner of this.#allOwners()) owner.waitFailed(toError(error));
    this.#ensureEnd();
  });

  /** Reports failed waits to every owner of an fd, for a multiplexer that other code waits on. */
  watchFailures(): void {
    if (this.#watchesFailures) return;
    this.#watchesFailures = true;
    this.#driver.onError(this.waitFailed);
  }

  /** A snapshot, because a handler may end some of them. */
  #allOwners(): FdOwner[] {
    return this.#owners.filter((owner) => owner !== undefined);
  }

  /** Calls back after `delayMs`, in every form of wait. For a few coarse timers, not for one per connection. */
  after(delayMs: number, callback: () => void): Timer {
    return this.#timers.after(delayMs, () => {
      this.#isUnderWay = true;
      callback();
    });
  }

  /** A handler has thrown: `uncaughtException` is emitted when all the others have been called. */
  fail(error: unknown): void {
    this.#failures.push(error);
    this.#ensureEnd();
  }

  /** Sets why the multiplexer is about to be closed. Every owner of an fd gets it as the reason of its end. */
  giveUp(error: Error): void {
    this.#failure = error;
  }

  /**
   * The time on the clock of performance.now(), in whole ms. The end of a turn reads the clock at most once: it keeps
   * the first answer.
   */
  get nowMs(): number {
    if (!this.#isEnding) return Math.round(performance.now());
    if (this.#nowMs < 0) this.#nowMs = Math.round(performance.now());
    return this.#nowMs;
  }

  /** The member has bytes, which the end of the turn receives. */
  addReadable(member: TurnMember): void {
    this.#readable.push(member);
    this.#ensureEnd();
  }

  /** The member has something to flush, or to do after a flush. */
  addDirty(member: TurnMember): void {
    this.#arena.addDirty(member);
    this.#ensureEnd();
  }

  /** The kernel had no memory for the member's bytes. It is asked again after a moment. */
  addStarved(member: TurnMember): void {
    if (member.isStarved || member.isDestroyed) return;
    try {
      this.#starvedTimer ??= this.#timers.after(MEMORY_RETRY_MS, this.#retryStarved, true);
    } catch (error) {
      member.failed(toError(error));
      return;
    }
    this.#starved.push(member);
    member.isStarved = true;
    member.updateInterest();
  }

  readonly #retryStarved = (): void => {
    this.#isUnderWay = true;
    this.#starvedTimer = undefined;
    const starved = this.#starved;
    this.#starved = [];
    for (const member of starved) {
      member.isStarved = false;
      member.updateInterest();
    }
  };

  /** The member has room again. */
  addDrained(member: TurnMember): void {
    this.#drained.push(member);
    this.#ensureEnd();
  }

  /** The member has been destroyed. It is swept when no loop runs over connections any more. */
  addDestroyed(member: TurnMember): void {
    this.#destroyed.push(member);
    this.#ensureEnd();
  }

  /** Calls back at the end of the turn. An error that it throws reaches `uncaughtException`. */
  defer(callback: () => void): void {
    this.#deferred.push(callback);
    this.#ensureEnd();
  }

  /**
   * Takes a copy of `content`, to be sent at the end of the turn.
   *
   * @throws ERR_INVALID_ARG_TYPE
   */
  append(member: TurnMember, content: Writable): void {
    this.#arena.append(member, content);
    if (!this.#isUnderWay && this.#arena.isDirty) this.#ensureEnd();
  }

  /** A number for what has been appended since the last flush. */
  get filling(): number {
    return this.#arena.filling;
  }

  /** Begins an audience: see the arena. @returns its number */
  beginAudience(): number {
    return this.#arena.beginAudience();
  }

  /** Whether an audience has not ended. */
  hasAudience(number: number): boolean {
    return this.#arena.hasAudience(number);
  }

  endAudience(): void {
    this.#arena.beginAudience();
  }

  /** Adds a member to the audience that was begun last. */
  enter(member: TurnMember): void {
    this.#arena.enter(member);
  }

  /**
   * Sends something to all members of an audience but one.
   *
   * @returns how many they are; null if it has ended, or if the bytes are too many
   */
  broadcast(audience: number, content: Uint8Array | string, except: TurnMember | null): number | null {
    const count = this.#arena.broadcast(audience, content, except);
    if (count !== null) this.#ensureEnd();
    return count;
  }

  /** Takes a member out of its audience, if it is in one; the audience goes on without it. */
  leaveAudience(member: TurnMember): void {
    this.#arena.leave(member);
  }

  /** Has a member's pending bytes include what its audience was sent. */
  pay(member: TurnMember): void {
    this.#arena.pay(member);
  }

  /** Sends what has been appended, without waiting for the end of the turn. Calls no handler. */
  flush(): void {
    this.#arena.flush();
  }

  /**
   * The member's fd gets another owner: nothing is received for it any more.
   *
   * @returns the bytes that were received for it and not handed out
   */
  withdraw(member: TurnMember): Buffer {
    return this.#slab.withdraw(member);
  }

  /** Makes sure that the turn ends: one under way ends on its own, otherwise it ends on the next tick. */
  #ensureEnd(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    process.nextTick(this.#end);
  }

  readonly #end = keepsContexts((): void => {
    // A handler that runs the multiplexer itself gets here again: the turn whose end it runs in goes on afterwards.
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#isUnderWay = true;
    this.#nowMs = -1;
    try {
      if (this.#driver.closed) this.#abandonAll();
      this.#receive();
      this.#arena.flush();
      this.#drain();
      this.#callDeferred();
      this.#arena.flush();
      this.#sweep();
    } finally {
      this.#isEnding = false;
      this.#isUnderWay = false;
    }
    this.#endAgain();
    if (this.#failures.length > 0) this.#throwFailures();
  });

  /** A handler that writes again as soon as there is room would keep a turn from ending, so the next turn calls it. */
  #endAgain(): void {
    const hasMore = this.#drained.length + this.#readable.length + this.#deferred.length > 0;
    if (!this.#driver.closed) {
      if (hasMore) this.#driver.wakeup();
    } else if (hasMore || this.#owners.some((owner) => owner !== undefined)) {
      // A handler of this turn has closed the multiplexer.
      process.nextTick(this.#end);
    }
  }

  /** Throws the first failure from here, so that it also ends a `runSync`; the others follow it. */
  #throwFailures(): never {
    const [first, ...others] = this.#failures;
    this.#failures = [];
    for (const error of others) rethrowLater(error);
    throw first;
  }

  #abandonAll(): void {
    this.#starvedTimer?.cancel();
    this.#starvedTimer = undefined;
    this.#starved = [];
    const reason = this.#failure ?? closedError('the multiplexer');
    for (const owner of this.#allOwners()) owner.abandoned(reason);
  }

  #receive(): void {
    if (this.#readable.length === 0) return;
    this.#slab.receive(this.#readable.take());
    this.#readable.release();
  }

  #drain(): void {
    if (this.#drained.length === 0) return;
    const drained = this.#drained;
    this.#drained = [];
    for (const member of drained) member.drain();
  }

  #callDeferred(): void {
    if (this.#deferred.length === 0) return;
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const callback of deferred) {
      try {
        callback();
      } catch (error) {
        this.fail(error);
      }
    }
  }

  #sweep(): void {
    while (this.#destroyed.length > 0) {
      const destroyed = this.#destroyed;
      this.#destroyed = [];
      for (const member of destroyed) member.sweep();
      // The close handlers may have written to others.
      this.#arena.flush();
    }
  }
}
