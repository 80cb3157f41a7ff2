/**
 * The output arena: the memory in which one turn gathers what its connections send.
 *
 * A write copies its bytes into the arena and extends the connection's range there; a broadcast is copied once and
 * extends the range of every recipient. Repeated broadcasts to the same audience extend nothing: its members are owed
 * the audience's part of the arena from a given position. A flush sends all ranges by one native call and what is owed
 * by another, hands what the kernel did not take to the connections' queues, and starts the arena again from zero.
 */
import { constants } from 'node:os';
import { toBytes } from '../arguments.js';
import type { NativeBinding, Send } from '../binding/contract.js';
import { present, toError } from '../errors.js';
import { isMemoryShortage, isMemoryShortageError } from '../socket/memory-shortage.js';
import { SharedBytes } from './shared-bytes.js';
import { type Taken, TurnList } from './turn-list.js';
import type { OutputMember } from './turn-member.js';

/** Small enough to stay in the processor's cache from the copy to the send; a full arena is flushed. */
const ARENA_BYTES = 262_144;
/** The part behind that for broadcasts, so that they stay adjacent although others are sent something in between. */
const SHARED_BYTES = 131_072;
const SHARED_END = ARENA_BYTES + SHARED_BYTES;
/** Writes of this size or more go to the kernel from where they lie: a copy would cost more than the call it saves. */
const DIRECT_BYTES = 16_384;
/** A code unit of a string is at most three bytes of UTF-8. */
export const MAX_BYTES_PER_UNIT = 3;
/** The words of one operation of a send: fd, start, end. */
const OPERATION_WORDS = 3;

const { EAGAIN } = constants.errno;

/** The values that a connection takes to write. */
export type Writable = string | Uint8Array | SharedBytes;

/** The system calls that the arena makes: for one fd, and for the ranges of many. */
export type SendCalls = Pick<NativeBinding, 'send' | 'sender'>;

/** A member of an audience of whose bytes the kernel did not take all; `result` is as that of a send. */
interface Refusal<Member> {
  readonly member: Member;
  readonly start: number;
  readonly result: number;
}

/** A member of which the kernel took only the first `sent` bytes. */
interface Stalled<Member> {
  readonly member: Member;
  readonly sent: number;
}

/**
 * A number for each filling of any arena of the thread: it shows whether shared bytes lie in the current one.
 */
let lastStamp = 0;

/** The index of a member that is in no audience. */
export const NO_AUDIENCE = -1;

/** Gathers bytes for many members, and sends each member's share in one system call. */
export class OutputArena<Member extends OutputMember> {
  readonly #calls: SendCalls;
  readonly #onStarved: (member: Member) => void;
  readonly #arena = Buffer.allocUnsafeSlow(SHARED_END);
  #usedBytes = 0;
  /** The end of the used part for broadcasts. */
  #sharedEnd = ARENA_BYTES;
  /** The members of the audience, by their indexes; another audience has another number. */
  #audience: Member[] = [];
  #audienceNumber = 0;
  #audienceFds = new Int32Array(64);
  /** Their operations, so that a flush need not visit them: the second word is where their owed bytes begin. */
  #audienceOperations = new Int32Array(OPERATION_WORDS * 64);
  #sendOwed: Send;
  /** The members of the flush under way that have not been sent everything. */
  readonly #stalled: Stalled<Member>[] = [];
  #stamp = ++lastStamp;
  /** The members to flush, in the order in which they became dirty. */
  readonly #dirty = new TurnList<Member>();
  /** The operations of one call, and then its results; grown as needed. */
  #operations = new Int32Array(OPERATION_WORDS * 64);
  #send: Send;

  /** @param onStarved called with a member if the kernel has no memory for its bytes */
  constructor(calls: SendCalls, onStarved: (member: Member) => void) {
    this.#calls = calls;
    this.#onStarved = onStarved;
    this.#send = calls.sender(this.#arena, this.#operations);
    this.#sendOwed = calls.sender(this.#arena, this.#audienceOperations);
  }

  /** Whether a flush has anything to do. */
  get isDirty(): boolean {
    return this.#dirty.length > 0 || this.#owes;
  }

  /** Whether the audience may be owed something. */
  get #owes(): boolean {
    return this.#audience.length > 0 && this.#sharedEnd > ARENA_BYTES;
  }

  /** A number for its contents since the last flush: no other contents of any arena of the thread have it. */
  get filling(): number {
    return this.#stamp;
  }

  /** Has the next flush call the member's `flushed`, whether or not it has bytes to send. */
  addDirty(member: Member): void {
    if (member.isDirty) return;
    member.isDirty = true;
    this.#dirty.push(member);
  }

  /**
   * Takes a copy of `content`, to be sent by the next flush. Long content goes to the kernel at once.
   *
   * @throws ERR_INVALID_ARG_TYPE
   */
  append(member: Member, content: Writable): void {
    this.pay(member);
    // Bytes behind older ones wait with them, so the arena would only be a detour. But the bytes whose append made the
    // arena overflow are still in it after that flush has left the member a queue, and later bytes must not overtake
    // them.
    if (member.hasQueue && member.rangeEnd === 0) appendToQueue(member, content);
    else if (typeof content === 'string') this.#appendText(member, content);
    else if (content instanceof SharedBytes) this.#appendShared(member, content);
    else this.#appendBytes(member, toBytes(content), false);
  }

  #appendText(member: Member, text: string): void {
    if (text.length * MAX_BYTES_PER_UNIT >= DIRECT_BYTES) {
      this.#appendBytes(member, Buffer.from(text), true);
      return;
    }
    this.#makeRoom(text.length * MAX_BYTES_PER_UNIT);
    const start = this.#usedBytes;
    this.#usedBytes += this.#arena.write(text, start, 'utf8');
    this.#extend(member, start, this.#usedBytes);
  }

  #appendShared(member: Member, shared: SharedBytes): void {
    const { bytes } = shared;
    if (bytes.length >= DIRECT_BYTES) {
      this.#sendDirectly(member, bytes, true);
      return;
    }
    if (shared.arenaStamp !== this.#stamp) {
      shared.arenaStart = this.#placeShared(bytes);
      shared.arenaStamp = this.#stamp;
    }
    this.#extend(member, shared.arenaStart, shared.arenaStart + bytes.length);
  }

  /** Copies a broadcast into the arena. @returns its position */
  #placeShared(bytes: Buffer): number {
    // The bytes that an audience is owed have to be adjacent.
    if (this.#audience.length === 0 && bytes.length <= SHARED_END - this.#sharedEnd) return this.#placeForMany(bytes);
    this.#makeRoom(bytes.length);
    const start = this.#usedBytes;
    this.#arena.set(bytes, start);
    this.#usedBytes += bytes.length;
    return start;
  }

  #placeForMany(bytes: Uint8Array): number {
    const start = this.#sharedEnd;
    this.#arena.set(bytes, start);
    this.#sharedEnd += bytes.length;
    return start;
  }

  // Audiences

  /** Begins an audience, which ends with the next one, or when the kernel takes less. @returns its number */
  beginAudience(): number {
    this.#dismiss();
    return this.#audienceNumber;
  }

  /** Whether an audience has not ended. @param number - of the audience */
  hasAudience(number: number): boolean {
    return number === this.#audienceNumber;
  }

  /** Adds a member to the audience. It must be open for writing, and have no queue. */
  enter(member: Member): void {
    if (member.audienceIndex !== NO_AUDIENCE) return;
    const index = this.#audience.push(member) - 1;
    if (index === this.#audienceFds.length) this.#growAudience();
    this.#audienceFds[index] = member.fd;
    this.#audienceOperations[OPERATION_WORDS * index] = member.fd;
    this.#audienceOperations[OPERATION_WORDS * index + 1] = this.#sharedEnd;
    member.audienceIndex = index;
  }

  #growAudience(): void {
    const fds = new Int32Array(2 * this.#audienceFds.length);
    fds.set(this.#audienceFds);
    const operations = new Int32Array(OPERATION_WORDS * fds.length);
    operations.set(this.#audienceOperations);
    this.#audienceFds = fds;
    this.#audienceOperations = operations;
    this.#sendOwed = this.#calls.sender(this.#arena, operations);
  }

  /**
   * Takes a copy of bytes, or the UTF-8 of a text, that all members of an audience are sent, but for one.
   *
   * @param number - of the audience
   * @returns how many they are; null if it has ended, or they are too many bytes: then they are not sent
   */
  broadcast(number: number, content: Uint8Array | string, except: Member | null): number | null {
    const isText = typeof content === 'string';
    const mostBytes = isText ? content.length * MAX_BYTES_PER_UNIT : content.length;
    if (mostBytes > SHARED_END - this.#sharedEnd && number === this.#audienceNumber) this.flush();
    if (mostBytes > SHARED_END - this.#sharedEnd || number !== this.#audienceNumber) return null;
    if (except !== null) this.pay(except);
    if (isText) this.#sharedEnd += this.#arena.write(content, this.#sharedEnd, 'utf8');
    else this.#placeForMany(content);
    if (except === null || except.audienceIndex === NO_AUDIENCE) return this.#audience.length;
    this.#audienceOperations[OPERATION_WORDS * except.audienceIndex + 1] = this.#sharedEnd;
    return this.#audience.length - 1;
  }

  /** Makes one range of the bytes that a member is owed, if it is in the audience. */
  pay(member: Member): void {
    if (member.audienceIndex === NO_AUDIENCE) return;
    const word = OPERATION_WORDS * member.audienceIndex + 1;
    const start = present(this.#audienceOperations[word], 'the start of what is owed');
    if (start === this.#sharedEnd) return;
    this.#audienceOperations[word] = this.#sharedEnd;
    if (!member.isDestroyed) this.#extend(member, start, this.#sharedEnd);
  }

  /** Takes a member out of the audience, which goes on without it. */
  leave(member: Member): void {
    const { audienceIndex: index } = member;
    if (index === NO_AUDIENCE) return;
    this.pay(member);
    member.audienceIndex = NO_AUDIENCE;
    const last = this.#audience.pop();
    if (last === undefined || last === member) return;
    const from = OPERATION_WORDS * this.#audience.length;
    this.#audienceOperations.copyWithin(OPERATION_WORDS * index, from, from + OPERATION_WORDS);
    this.#audienceFds[index] = last.fd;
    this.#audience[index] = last;
    last.audienceIndex = index;
  }

  /** Ends the audience. */
  #dismiss(): void {
    for (const member of this.#audience) {
      this.pay(member);
      member.audienceIndex = NO_AUDIENCE;
    }
    this.#audience = [];
    this.#audienceNumber += 1;
  }

  /** @param isPrivate whether `bytes` will not change later */
  #appendBytes(member: Member, bytes: Uint8Array, isPrivate: boolean): void {
    if (bytes.length >= DIRECT_BYTES) {
      this.#sendDirectly(member, bytes, isPrivate);
      return;
    }
    this.#makeRoom(bytes.length);
    const start = this.#usedBytes;
    this.#arena.set(bytes, start);
    this.#usedBytes += bytes.length;
    this.#extend(member, start, this.#usedBytes);
  }

  #makeRoom(byteLength: number): void {
    if (byteLength > ARENA_BYTES - this.#usedBytes) this.flush();
  }

  /** Gives the member the arena's bytes [start, end) to send. */
  #extend(member: Member, start: number, end: number): void {
    if (start === end) return;
    if (member.rangeEnd !== start || start === 0) {
      if (member.rangeEnd !== 0) (member.earlierRanges ??= []).push(member.rangeStart, member.rangeEnd);
      member.rangeStart = start;
    }
    member.rangeEnd = end;
    member.accepted(end - start);
    this.addDirty(member);
  }

  #sendDirectly(member: Member, bytes: Uint8Array, isShared: boolean): void {
    if (member.rangeEnd !== 0) this.flush();
    if (member.isDestroyed) return;
    member.accepted(bytes.length);
    let sent = 0;
    if (!member.hasQueue) {
      try {
        sent = Math.max(this.#calls.send(member.fd, bytes, 0, bytes.length, 0), 0);
      } catch (error) {
        if (!isMemoryShortageError(error)) {
          member.failed(toError(error));
          return;
        }
        this.#onStarved(member);
      }
      member.sent(sent);
    }
    if (sent < bytes.length) {
      if (member.audienceIndex !== NO_AUDIENCE) this.#dismiss();
      member.keep(asBuffer(bytes).subarray(sent), isShared);
    }
    this.addDirty(member);
  }

  /** Sends all that the arena holds; the queues take what the kernel does not. Calls no handler of the user. */
  flush(): void {
    if (this.#usedBytes === 0 && this.#sharedEnd === ARENA_BYTES && this.#dirty.length === 0) return;
    const members = this.#dirty.take();
    const { entries, length } = members;
    let count = 0;
    for (let index = 0; index < length; index += 1) {
      const member = entries[index];
      if (member === undefined) continue;
      this.pay(member);
      if (member.rangeEnd !== 0 && !member.isDestroyed && !member.hasQueue) count = this.#plan(member, count);
    }
    if (count > 0) this.#send(count);
    const refusals = this.#owes ? this.#sendToAudience() : null;
    this.#settle(members);
    if (refusals !== null) this.#settleRefusals(refusals);
    if (this.#stalled.length > 0) this.#keepAll();
    this.#startAgain();
    for (let index = 0; index < length; index += 1) {
      const member = entries[index];
      if (member === undefined) continue;
      member.isDirty = false;
      member.flushed();
    }
    this.#dirty.release();
  }

  #startAgain(): void {
    const operations = this.#audienceOperations;
    if (this.#owes) {
      for (let index = 0; index < this.#audience.length; index += 1)
        operations[OPERATION_WORDS * index + 1] = ARENA_BYTES;
    }
    this.#usedBytes = 0;
    this.#sharedEnd = ARENA_BYTES;
    this.#stamp = ++lastStamp;
  }

  /** Sends all members of the audience what they are owed. @returns those that did not take it; null if all did */
  #sendToAudience(): Refusal<Member>[] | null {
    const operations = this.#audienceOperations;
    const { length } = this.#audience;
    const end = this.#sharedEnd;
    for (let index = 0; index < length; index += 1) operations[OPERATION_WORDS * index + 2] = end;
    this.#sendOwed(length);
    let refusals: Refusal<Member>[] | null = null;
    for (let index = 0; index < length; index += 1) {
      const word = OPERATION_WORDS * index;
      const result = present(operations[word], 'the result of a send');
      const start = present(operations[word + 1], 'the start of what is owed');
      operations[word] = present(this.#audienceFds[index], 'an fd of the audience');
      operations[word + 1] = end;
      // One that has been paid has its bytes in its own ranges.
      if (result === end - start || start === end) continue;
      (refusals ??= []).push({ member: present(this.#audience[index], 'a member of the audience'), start, result });
    }
    return refusals;
  }

  /** Ends the audience: some of its members have to be written to by themselves, or not at all. */
  #settleRefusals(refusals: readonly Refusal<Member>[]): void {
    this.#dismiss();
    for (const { member, start, result } of refusals) {
      if (member.isDestroyed) continue;
      member.rangeStart = start;
      member.rangeEnd = this.#sharedEnd;
      member.accepted(this.#sharedEnd - start);
      this.#settleOne(member, result);
    }
  }

  /** Writes the member's ranges behind the first `count` operations. @returns how many there are then */
  #plan(member: Member, count: number): number {
    const ranges = member.earlierRanges;
    const needed = OPERATION_WORDS * (count + rangeCount(member));
    if (needed > this.#operations.length) {
      const grown = new Int32Array(2 * needed);
      grown.set(this.#operations);
      this.#operations = grown;
      this.#send = this.#calls.sender(this.#arena, grown);
    }
    const operations = this.#operations;
    let word = OPERATION_WORDS * count;
    if (ranges !== null) {
      for (let i = 0; i < ranges.length; i += 2) {
        operations[word] = member.fd;
        operations[word + 1] = present(ranges[i], 'the start of a range');
        operations[word + 2] = present(ranges[i + 1], 'the end of a range');
        word += OPERATION_WORDS;
      }
    }
    operations[word] = member.fd;
    operations[word + 1] = member.rangeStart;
    operations[word + 2] = member.rangeEnd;
    return word / OPERATION_WORDS + 1;
  }

  /** Reads the results, in the order in which {@link flush} planned. */
  #settle({ entries, length }: Taken<Member>): void {
    let word = 0;
    for (let index = 0; index < length; index += 1) {
      const member = entries[index];
      if (member === undefined || member.rangeEnd === 0) continue;
      if (member.isDestroyed) {
        forgetRanges(member);
      } else if (member.hasQueue) {
        this.#stalled.push({ member, sent: 0 });
      } else {
        const result = present(this.#operations[word], 'the result of a send');
        word += OPERATION_WORDS * rangeCount(member);
        this.#settleOne(member, result);
      }
    }
  }

  #settleOne(member: Member, result: number): void {
    if (isMemoryShortage(-result)) {
      this.#onStarved(member);
    } else if (result < 0 && result !== -EAGAIN) {
      forgetRanges(member);
      member.refused(-result, 'send');
      return;
    }
    const sent = Math.max(result, 0);
    member.sent(sent);
    if (sent === rangedBytes(member)) forgetRanges(member);
    else this.#stalled.push({ member, sent });
  }

  /**
   * Hands what was not sent to the queues. If the remainders together are larger than the arena's contents, as when
   * many slow members miss one broadcast, they share one copy of the contents.
   */
  #keepAll(): void {
    const stalled = this.#stalled.splice(0);
    let stalledBytes = 0;
    let isAudienceHit = false;
    for (const { member, sent } of stalled) {
      stalledBytes += rangedBytes(member) - sent;
      isAudienceHit ||= member.audienceIndex !== NO_AUDIENCE;
    }
    if (isAudienceHit) this.#dismiss();
    const isShared = stalledBytes > this.#usedBytes + this.#sharedEnd - ARENA_BYTES;
    const own = this.#contents(0, this.#usedBytes, isShared);
    const shared = this.#contents(ARENA_BYTES, this.#sharedEnd, isShared);
    for (const { member, sent } of stalled) {
      const ranges = [...(member.earlierRanges ?? []), member.rangeStart, member.rangeEnd];
      forgetRanges(member);
      let skip = sent;
      for (let i = 0; i < ranges.length; i += 2) {
        const start = present(ranges[i], 'the start of a range');
        const end = present(ranges[i + 1], 'the end of a range');
        const skipped = Math.min(skip, end - start);
        skip -= skipped;
        if (start + skipped === end) continue;
        const bytes =
          start < ARENA_BYTES
            ? own.subarray(start + skipped, end)
            : shared.subarray(start + skipped - ARENA_BYTES, end - ARENA_BYTES);
        member.keep(bytes, isShared);
      }
    }
  }

  #contents(start: number, end: number, isCopied: boolean): Buffer {
    const contents = this.#arena.subarray(start, end);
    return isCopied ? Buffer.from(contents) : contents;
  }
}

function appendToQueue(member: OutputMember, content: Writable): void {
  if (content instanceof SharedBytes) keepNew(member, content.bytes, true);
  else if (typeof content === 'string') keepNew(member, Buffer.from(content), true);
  else keepNew(member, asBuffer(toBytes(content)), false);
}

function keepNew(member: OutputMember, bytes: Buffer, isShared: boolean): void {
  member.accepted(bytes.length);
  member.keep(bytes, isShared);
}

/** The same memory as a Buffer. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function rangeCount(member: OutputMember): number {
  return 1 + (member.earlierRanges === null ? 0 : member.earlierRanges.length / 2);
}

function rangedBytes(member: OutputMember): number {
  let total = member.rangeEnd - member.rangeStart;
  const ranges = member.earlierRanges;
  if (ranges !== null) {
    for (let i = 0; i < ranges.length; i += 2) {
      total += present(ranges[i + 1], 'the end of a range') - present(ranges[i], 'the start of a range');
    }
  }
  return total;
}

function forgetRanges(member: OutputMember): void {
  member.rangeStart = 0;
  member.rangeEnd = 0;
  member.earlierRanges = null;
}
