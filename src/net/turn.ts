/**
 * A turn: what the connections of one multiplexer do between two waits.
 *
 * The multiplexer reports the ready connections one by one; they only line up. When it has reported all, the turn
 * receives for all of them into one slab and calls their handlers, gathers what the handlers write in one arena, and
 * sends each connection's share in one go. So an idle connection holds no buffer, and however often a handler writes, a
 * connection costs one send(2) a turn.
 */
import { constants } from 'node:os';
import { toBytes } from '../arguments.js';
import { native } from '../binding/load.js';
import { closedError, present, toError } from '../errors.js';
import type { BackendName, Trigger } from '../multiplexer/backend.js';
import { keepsContexts } from '../multiplexer/handler.js';
import type { Interest } from '../multiplexer/interest.js';
import type { Registration } from '../multiplexer/registration.js';
import { rethrowLater } from '../readiness/waiter.js';
import { isMemoryShortage, isMemoryShortageError, MEMORY_RETRY_MS } from '../socket/memory-shortage.js';
import { SharedBytes } from './shared-bytes.js';
import { type Timer, Timers } from './timers.js';

/** What a connection gets of the slab in one turn: its byte budget, so that a firehose waits for its neighbours. */
const RECEIVE_BYTES = 65_536;
/** How many connections are received for in one native call. */
const RECEIVE_BATCH = 64;
/**
 * Room for thousands of short messages in one native call; of long ones, no more than stay in the processor's cache.
 */
const SLAB_BYTES = 2 * RECEIVE_BYTES;
/** Small enough to stay in the processor's cache from the copy to the send; when it is full, it is flushed. */
const ARENA_BYTES = 262_144;
/** From here on a write is handed to the kernel where it lies: a copy would cost more than the system call it saves. */
const DIRECT_BYTES = 16_384;
/** A code unit of a string is at most three bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

const { EAGAIN } = constants.errno;

/** What a connection takes to write. */
export type Writable = string | Uint8Array | SharedBytes;

/** What a turn needs of a connection. */
export interface TurnMember {
  readonly fd: number;
  /** Destroyed: nothing is sent for it any more. */
  readonly isDestroyed: boolean;
  /** Whether older bytes wait, behind which new ones must line up. */
  readonly hasQueue: boolean;

  /** The turn's own, as are the next three: whether the member is on its list of members to flush. */
  isDirty: boolean;
  /** Its last run of bytes in the arena, [rangeStart, rangeEnd); both 0 when there is none. */
  rangeStart: number;
  rangeEnd: number;
  /** The runs before that one, as pairs, where they do not touch. */
  earlierRanges: number[] | null;

  /** Gives out what was held back. @returns whether it wants bytes now */
  beginReceive(): boolean;
  /** `bytes` are a view of the slab; `mayHaveMore` says that they filled the budget. */
  received(bytes: Buffer, mayHaveMore: boolean): void;
  receivedEnd(): void;
  failed(error: Error): void;
  /** The kernel says that the connection is broken; `errno` is positive. */
  refused(errno: number, syscall: string): void;
  /** So many bytes were taken for it. */
  accepted(byteLength: number): void;
  /** The kernel took so many of them. */
  sent(byteLength: number): void;
  /** The kernel did not take these; they are the queue's now. `isShared`: they stay as they are, for ever. */
  keep(bytes: Buffer, isShared: boolean): void;
  /** The turn's own: whether the kernel had no memory for its bytes, and is not asked for a moment. */
  isStarved: boolean;
  /** `isStarved` has changed: while it is set, the fd is not waited for. */
  updateInterest(): void;
  /** All that the turn had for it has been sent or kept. */
  flushed(): void;
  /** Tells the user that there is room again. */
  drain(): void;
  /** Closes what has been destroyed, and says so to the user. */
  sweep(): void;
}

/** What the net layer needs of a multiplexer. Every `Multiplexer` has it, whatever the type of its data. */
export interface TurnDriver {
  readonly backend: BackendName;
  readonly closed: boolean;
  register(fd: number, options: ServeSettings): Registration;
  onTurnEnd(callback: () => void): () => void;
  onClose(callback: () => void): () => void;
  onError(callback: (error: unknown) => void): () => void;
  wakeup(): void;
}

/** How an fd is registered that the net layer serves. */
export interface ServeSettings {
  readonly interest: Interest;
  readonly trigger?: Trigger | undefined;
  readonly exclusive?: boolean | undefined;
  readonly onReady?: ((registration: Readiness) => void) | undefined;
}

/** A registration that says it is ready. It carries no data of ours, so it may be one of any multiplexer. */
export type Readiness = Registration<never>;

/** Whatever is told when its fd is ready. */
export interface Served {
  ready(registration: Readiness): void;
  /** A wait of the multiplexer has failed. Whoever waits on it may do so again. */
  waitFailed(error: Error): void;
  /** The multiplexer is closed: there will be nothing to tell any more. */
  abandoned(error: Error): void;
}

/** Stamps tell the fillings of all arenas of the thread apart: one number says whether shared bytes lie in this one. */
let lastStamp = 0;

const turns = new WeakMap<TurnDriver, Turn>();

/** The turns of one multiplexer, one after the other. */
export class Turn {
  readonly #driver: TurnDriver;
  /** By fd: one function serves all, so that a connection needs no closure of its own. */
  readonly #served: (Served | undefined)[] = [];
  readonly #timers: Timers;
  readonly #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** The fds to receive for, and then what each gave. */
  readonly #receiveOperations = new Int32Array(RECEIVE_BATCH);
  /** The members of the batch that is received for. */
  readonly #receivers: (TurnMember | undefined)[] = new Array<TurnMember | undefined>(RECEIVE_BATCH);
  /** Views of the slab, by place in the batch: messages are often as long as those of the turn before. */
  readonly #views: Buffer[] = [];
  readonly #arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
  #arenaUsed = 0;
  #arenaStamp = ++lastStamp;
  /** (fd, start, end) for each range to be sent; grown as needed. */
  #sendOperations = new Int32Array(3 * 64);

  #readable: TurnMember[] = [];
  #dirty: TurnMember[] = [];
  #drained: TurnMember[] = [];
  #destroyed: TurnMember[] = [];
  #starved: TurnMember[] = [];
  #starvedTimer: Timer | undefined;
  #deferred: (() => void)[] = [];
  #failures: unknown[] = [];
  #watchesFailures = false;
  /** Why the multiplexer was given up. */
  #failure: Error | undefined;
  /** Whether the end of a turn is certain to come, so that nobody needs to ask for one. */
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
    driver.onTurnEnd(this.#end);
    driver.onClose(this.#end);
  }

  /** Registers an fd; `served` is told when it is ready. Its registration is ended by {@link forget}. */
  serve(served: Served, fd: number, settings: Omit<ServeSettings, 'onReady'>): Registration {
    const registration = this.#driver.register(fd, { ...settings, onReady: this.#onReady });
    this.#served[fd] = served;
    return registration;
  }

  /** Ends a registration. To be called before the fd is closed. */
  forget(served: Served, registration: Registration): void {
    // Where the user has closed the fd before, its number may be another's by now.
    if (this.#served[registration.fd] === served) this.#served[registration.fd] = undefined;
    registration.unregister();
  }

  readonly #onReady = keepsContexts((registration: Readiness): void => {
    // The end of the turn follows by itself.
    this.#isUnderWay = true;
    this.#served[registration.fd]?.ready(registration);
  });

  /** A wait has failed: everybody who is served learns of it. */
  readonly waitFailed = keepsContexts((error: unknown): void => {
    for (const served of this.#everyone()) served.waitFailed(toError(error));
    this.#ensureEnd();
  });

  /** Has everybody who is served learn of the waits that fail, for a multiplexer that somebody else waits on. */
  watchFailures(): void {
    if (this.#watchesFailures) return;
    this.#watchesFailures = true;
    this.#driver.onError(this.waitFailed);
  }

  /** What is served now; a handler may end some of it. */
  #everyone(): Served[] {
    return this.#served.filter((served) => served !== undefined);
  }

  /** Calls back after `delayMs`, in every form of wait. For a few coarse timers, not for one a connection. */
  after(delayMs: number, callback: () => void): Timer {
    return this.#timers.after(delayMs, () => {
      this.#isUnderWay = true;
      callback();
    });
  }

  /** A handler has thrown: `uncaughtException` is told when everybody has been served. */
  fail(error: unknown): void {
    this.#failures.push(error);
    this.#ensureEnd();
  }

  /** Says why the multiplexer is about to be closed: for everybody who is served it is the reason of the end. */
  giveUp(error: Error): void {
    this.#failure = error;
  }

  /**
   * The time on the clock of performance.now(), in whole ms; within the end of a turn, when that was first asked for.
   */
  get nowMs(): number {
    if (!this.#isEnding) return Math.round(performance.now());
    if (this.#nowMs < 0) this.#nowMs = Math.round(performance.now());
    return this.#nowMs;
  }

  /** The member is to be received for. */
  addReadable(member: TurnMember): void {
    this.#readable.push(member);
    this.#ensureEnd();
  }

  /** The member has something to be flushed, or to be done after a flush. */
  addDirty(member: TurnMember): void {
    if (member.isDirty) return;
    member.isDirty = true;
    this.#dirty.push(member);
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

  /** The member has been destroyed. It is swept when nobody iterates over connections any more. */
  addDestroyed(member: TurnMember): void {
    this.#destroyed.push(member);
    this.#ensureEnd();
  }

  /** Calls back at the end of the turn. What it throws reaches `uncaughtException`. */
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
    // The arena would only be a detour: what is behind older bytes waits with them. But bytes that made the arena
    // overflow are still in it when the flush has left the member a queue, and those that follow must not overtake
    // them.
    if (member.hasQueue && member.rangeEnd === 0) this.#appendToQueue(member, content);
    else if (typeof content === 'string') this.#appendText(member, content);
    else if (content instanceof SharedBytes) this.#appendShared(member, content);
    else this.#appendBytes(member, toBytes(content), false);
  }

  #appendToQueue(member: TurnMember, content: Writable): void {
    if (content instanceof SharedBytes) {
      this.#keep(member, content.bytes, true);
    } else if (typeof content === 'string') {
      this.#keep(member, Buffer.from(content), true);
    } else {
      const bytes = toBytes(content);
      this.#keep(member, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), false);
    }
  }

  #keep(member: TurnMember, bytes: Buffer, isShared: boolean): void {
    member.accepted(bytes.length);
    member.keep(bytes, isShared);
  }

  #appendText(member: TurnMember, text: string): void {
    if (text.length * MAX_BYTES_PER_UNIT >= DIRECT_BYTES) {
      this.#appendBytes(member, Buffer.from(text), true);
      return;
    }
    this.#makeRoom(text.length * MAX_BYTES_PER_UNIT);
    const start = this.#arenaUsed;
    this.#arenaUsed += this.#arena.write(text, start, 'utf8');
    this.#extend(member, start, this.#arenaUsed);
  }

  #appendShared(member: TurnMember, shared: SharedBytes): void {
    const { bytes } = shared;
    if (bytes.length >= DIRECT_BYTES) {
      this.#sendDirectly(member, bytes, true);
      return;
    }
    if (shared.arenaStamp !== this.#arenaStamp) {
      this.#makeRoom(bytes.length);
      this.#arena.set(bytes, this.#arenaUsed);
      shared.arenaStart = this.#arenaUsed;
      shared.arenaStamp = this.#arenaStamp;
      this.#arenaUsed += bytes.length;
    }
    this.#extend(member, shared.arenaStart, shared.arenaStart + bytes.length);
  }

  #appendBytes(member: TurnMember, bytes: Uint8Array, isPrivate: boolean): void {
    if (bytes.length >= DIRECT_BYTES) {
      this.#sendDirectly(member, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), isPrivate);
      return;
    }
    this.#makeRoom(bytes.length);
    const start = this.#arenaUsed;
    this.#arena.set(bytes, start);
    this.#arenaUsed += bytes.length;
    this.#extend(member, start, this.#arenaUsed);
  }

  #makeRoom(byteLength: number): void {
    if (byteLength > ARENA_BYTES - this.#arenaUsed) this.flush();
  }

  /** Gives the member the arena's bytes [start, end) to send. */
  #extend(member: TurnMember, start: number, end: number): void {
    if (start === end) return;
    if (member.rangeEnd !== start || start === 0) {
      if (member.rangeEnd !== 0) (member.earlierRanges ??= []).push(member.rangeStart, member.rangeEnd);
      member.rangeStart = start;
    }
    member.rangeEnd = end;
    member.accepted(end - start);
    this.addDirty(member);
  }

  #sendDirectly(member: TurnMember, bytes: Buffer, isShared: boolean): void {
    if (member.rangeEnd !== 0) this.flush();
    if (member.isDestroyed) return;
    member.accepted(bytes.length);
    let sent = 0;
    if (!member.hasQueue) {
      try {
        sent = Math.max(native.send(member.fd, bytes, 0, bytes.length, 0), 0);
      } catch (error) {
        if (!isMemoryShortageError(error)) {
          member.failed(toError(error));
          return;
        }
        this.addStarved(member);
      }
      member.sent(sent);
    }
    if (sent < bytes.length) member.keep(bytes.subarray(sent), isShared);
    this.addDirty(member);
  }

  /** Sends all that the arena holds; what the kernel does not take goes to the queues. Calls no handler. */
  flush(): void {
    const members = this.#dirty;
    if (this.#arenaUsed === 0 && members.length === 0) return;
    this.#dirty = [];
    let count = 0;
    for (const member of members) {
      if (member.rangeEnd !== 0 && !member.isDestroyed && !member.hasQueue) count = this.#plan(member, count);
    }
    if (count > 0) native.sendRanges(this.#arena, this.#sendOperations, count);
    this.#settleSends(members);
    this.#arenaUsed = 0;
    this.#arenaStamp = ++lastStamp;
    for (const member of members) {
      member.isDirty = false;
      member.flushed();
    }
  }

  /** Appends the member's ranges to the operations. */
  #plan(member: TurnMember, count: number): number {
    const ranges = member.earlierRanges;
    const needed = 3 * (count + 1 + (ranges === null ? 0 : ranges.length / 2));
    if (needed > this.#sendOperations.length) {
      const grown = new Int32Array(2 * needed);
      grown.set(this.#sendOperations);
      this.#sendOperations = grown;
    }
    const operations = this.#sendOperations;
    let word = 3 * count;
    if (ranges !== null) {
      for (let i = 0; i < ranges.length; i += 2) {
        operations[word] = member.fd;
        operations[word + 1] = present(ranges[i], 'the start of a range');
        operations[word + 2] = present(ranges[i + 1], 'the end of a range');
        word += 3;
      }
    }
    operations[word] = member.fd;
    operations[word + 1] = member.rangeStart;
    operations[word + 2] = member.rangeEnd;
    return word / 3 + 1;
  }

  /** Reads the results, in the order in which {@link flush} planned, and keeps what was not sent. */
  #settleSends(members: readonly TurnMember[]): void {
    let stalled: { member: TurnMember; sent: number }[] | undefined;
    let stalledBytes = 0;
    let word = 0;
    for (const member of members) {
      if (member.rangeEnd === 0) continue;
      if (member.isDestroyed) {
        forgetRanges(member);
        continue;
      }
      const total = rangedBytes(member);
      let sent = 0;
      if (!member.hasQueue) {
        const result = present(this.#sendOperations[word], 'the result of a send');
        word += 3 * (1 + (member.earlierRanges === null ? 0 : member.earlierRanges.length / 2));
        if (isMemoryShortage(-result)) {
          this.addStarved(member);
        } else if (result < 0 && result !== -EAGAIN) {
          forgetRanges(member);
          member.refused(-result, 'send');
          continue;
        }
        sent = Math.max(result, 0);
        member.sent(sent);
      }
      if (sent === total) {
        forgetRanges(member);
      } else {
        (stalled ??= []).push({ member, sent });
        stalledBytes += total - sent;
      }
    }
    if (stalled !== undefined) this.#keepAll(stalled, stalledBytes);
  }

  /**
   * Moves what was not sent to the queues. Where the remainders together are larger than the arena's contents, as when
   * many slow members miss one broadcast, they share one copy of those.
   */
  #keepAll(stalled: readonly { member: TurnMember; sent: number }[], stalledBytes: number): void {
    const used = this.#arena.subarray(0, this.#arenaUsed);
    const isShared = stalledBytes > used.length;
    const contents = isShared ? Buffer.from(used) : used;
    for (const { member, sent } of stalled) {
      const ranges = [...(member.earlierRanges ?? []), member.rangeStart, member.rangeEnd];
      forgetRanges(member);
      let skip = sent;
      for (let i = 0; i < ranges.length; i += 2) {
        const start = present(ranges[i], 'the start of a range');
        const end = present(ranges[i + 1], 'the end of a range');
        const skipped = Math.min(skip, end - start);
        skip -= skipped;
        if (start + skipped < end) member.keep(contents.subarray(start + skipped, end), isShared);
      }
    }
  }

  /** Sees to it that the turn ends: it does by itself where one is under way, and on the next tick otherwise. */
  #ensureEnd(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    process.nextTick(this.#end);
  }

  readonly #end = keepsContexts((): void => {
    // A handler that runs the multiplexer itself comes back here: the turn in whose end it runs goes on afterwards.
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#isUnderWay = true;
    this.#nowMs = -1;
    try {
      if (this.#driver.closed) this.#abandonAll();
      this.#receive();
      this.flush();
      this.#drain();
      this.#callDeferred();
      this.flush();
      this.#sweep();
    } finally {
      this.#isEnding = false;
      this.#isUnderWay = false;
    }
    this.#endAgain();
    if (this.#failures.length > 0) this.#throwFailures();
  });

  /** Whoever writes again as soon as there is room would never let a turn end: the next one tells them. */
  #endAgain(): void {
    const hasMore = this.#drained.length + this.#readable.length + this.#deferred.length > 0;
    if (!this.#driver.closed) {
      if (hasMore) this.#driver.wakeup();
    } else if (hasMore || this.#served.some((served) => served !== undefined)) {
      // A handler of this turn has closed the multiplexer.
      process.nextTick(this.#end);
    }
  }

  /** The first one is thrown from here, so that it also ends a `runSync`; the others follow it. */
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
    for (const served of this.#everyone()) served.abandoned(reason);
  }

  #receive(): void {
    if (this.#readable.length === 0) return;
    const readable = this.#readable;
    this.#readable = [];
    const operations = this.#receiveOperations;
    let next = 0;
    while (next < readable.length) {
      let count = 0;
      while (next < readable.length && count < RECEIVE_BATCH) {
        const member = readable[next];
        next += 1;
        if (member?.beginReceive() === true) {
          operations[count] = member.fd;
          this.#receivers[count] = member;
          count += 1;
        }
      }
      this.#receiveBatch(count);
    }
  }

  #receiveBatch(count: number): void {
    const operations = this.#receiveOperations;
    let first = 0;
    while (first < count) {
      const done = native.recvMany(this.#slab, operations, count - first, RECEIVE_BYTES);
      let offset = 0;
      for (let i = 0; i < done; i += 1) {
        const member = this.#receivers[first + i];
        const result = present(operations[i], 'the result of a receive');
        if (member === undefined) break;
        this.#receivers[first + i] = undefined;
        if (result > 0) {
          member.received(this.#view(i, offset, result), result === RECEIVE_BYTES);
          offset += result;
        } else if (result === 0) {
          member.receivedEnd();
        } else if (isMemoryShortage(-result)) {
          this.addStarved(member);
        } else if (result !== -EAGAIN) {
          member.refused(-result, 'recv');
        }
      }
      first += done;
      if (first < count) operations.copyWithin(0, done);
    }
  }

  /** The slab's bytes from `offset` on, as number `index` of a batch. */
  #view(index: number, offset: number, length: number): Buffer {
    const latest = this.#views[index];
    if (latest?.length === length && latest.byteOffset === offset) return latest;
    const view = this.#slab.subarray(offset, offset + length);
    this.#views[index] = view;
    return view;
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
      // What the close handlers wrote to others.
      this.flush();
    }
  }
}

function rangedBytes(member: TurnMember): number {
  let total = member.rangeEnd - member.rangeStart;
  const ranges = member.earlierRanges;
  if (ranges !== null) {
    for (let i = 0; i < ranges.length; i += 2) {
      total += present(ranges[i + 1], 'the end of a range') - present(ranges[i], 'the start of a range');
    }
  }
  return total;
}

function forgetRanges(member: TurnMember): void {
  member.rangeStart = 0;
  member.rangeEnd = 0;
  member.earlierRanges = null;
}
