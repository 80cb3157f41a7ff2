/**
 * The output arena: the memory in which one turn gathers what its connections send.
 *
 * A write copies its bytes into the arena and extends the connection's range there; a broadcast is copied once and
 * extends the range of every recipient. Repeated broadcasts to the same audience extend nothing: its members are owed
 * the audience's part of the arena from a given position, and get it as one range in the end. A flush sends all ranges
 * by one native call, hands what the kernel did not take to the connections' queues, and starts the arena again from
 * zero.
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
const MAX_BYTES_PER_UNIT = 3;
/** The words of one operation of a send: fd, start, end. */
const OPERATION_WORDS = 3;

const { EAGAIN } = constants.errno;

/** The values that a connection takes to write. */
export type Writable = string | Uint8Array | SharedBytes;

/** The system calls that the arena makes: for one fd, and for the ranges of many. */
export type SendCalls = Pick<NativeBinding, 'send' | 'sender'>;

/** A member of which the kernel took only the first `sent` bytes. */
interface Stalled<Member> {
  readonly member: Member;
  readonly sent: number;
}

/**
 * A number for each filling of any arena of the thread: it shows whether shared bytes lie in the current one.
 */
let lastStamp = 0;

/** A member is owed nothing that its ranges do not have. */
export const OWED_NOTHING = -1;

/** Gathers bytes for many members, and sends each member's share in one system call. */
export class OutputArena<Member extends OutputMember> {
  readonly #calls: SendCalls;
  readonly #onStarved: (member: Member) => void;
  readonly #arena = Buffer.allocUnsafeSlow(SHARED_END);
  #usedBytes = 0;
  /** The end of the used part for broadcasts. */
  #sharedEnd = ARENA_BYTES;
  /** The members of the audience, and how many they are; another audience has another number. */
  readonly #audience: (Member | undefined)[] = [];
  #audienceSize = 0;
  #audienceNumber = 0;
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
  }

  /** Whether a flush has anything to do. */
  get isDirty(): boolean {
    return this.#dirty.length > 0 || this.#audienceSize > 0;
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
    if (member.owedFrom !== OWED_NOTHING) this.pay(member);
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
    if (this.#audienceSize === 0 && bytes.length <= SHARED_END - this.#sharedEnd) return this.#placeForMany(bytes);
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

  /** Begins an audience, which ends with the next one and with the next flush. @returns its number */
  beginAudience(): number {
    this.#dismiss();
    return this.#audienceNumber;
  }

  /** Adds a member to the audience. It must be open for writing, and have no queue. */
  enter(member: Member): void {
    this.#audience[this.#audienceSize] = member;
    this.#audienceSize += 1;
    member.owedFrom = this.#sharedEnd;
  }

  /**
   * Takes a copy of bytes, or the UTF-8 of a text, that all members of an audience are sent, but for one.
   *
   * @param number - of the audience
   * @returns false if it has ended: then they are not sent. It ends if there is no room; another one may have it
   */
  broadcast(number: number, content: Uint8Array | string, except: Member | null): boolean {
    if (number !== this.#audienceNumber) return false;
    const isText = typeof content === 'string';
    const mostBytes = isText ? content.length * MAX_BYTES_PER_UNIT : content.length;
    if (mostBytes > SHARED_END - this.#sharedEnd) {
      this.flush();
      return false;
    }
    const isExcepted = except !== null && except.owedFrom !== OWED_NOTHING;
    if (isExcepted) this.pay(except);
    if (isText) this.#sharedEnd += this.#arena.write(content, this.#sharedEnd, 'utf8');
    else this.#placeForMany(content);
    if (isExcepted) except.owedFrom = this.#sharedEnd;
    return true;
  }

  /** Makes one range of the bytes that a member is owed. It stays in its audience. */
  pay(member: Member): void {
    const start = member.owedFrom;
    if (start === OWED_NOTHING || start === this.#sharedEnd) return;
    member.owedFrom = this.#sharedEnd;
    if (!member.isDestroyed) this.#extend(member, start, this.#sharedEnd);
  }

  /** Takes a member out of its audience, which goes on without it. */
  leave(member: Member): void {
    this.pay(member);
    member.owedFrom = OWED_NOTHING;
  }

  /** Ends the audience. */
  #dismiss(): void {
    for (let index = 0; index < this.#audienceSize; index += 1) {
      const member = this.#audience[index];
      if (member !== undefined) this.leave(member);
      this.#audience[index] = undefined;
    }
    this.#audienceSize = 0;
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
    if (sent < bytes.length) member.keep(asBuffer(bytes).subarray(sent), isShared);
    this.addDirty(member);
  }

  /** Sends all that the arena holds; the queues take what the kernel does not. Calls no handler of the user. */
  flush(): void {
    if (this.#audienceSize > 0) this.#dismiss();
    if (this.#usedBytes === 0 && this.#sharedEnd === ARENA_BYTES && this.#dirty.length === 0) return;
    const members = this.#dirty.take();
    const { entries, length } = members;
    let count = 0;
    for (let index = 0; index < length; index += 1) {
      const member = entries[index];
      if (member === undefined) continue;
      if (member.rangeEnd !== 0 && !member.isDestroyed && !member.hasQueue) count = this.#plan(member, count);
    }
    if (count > 0) this.#send(count);
    this.#settle(members);
    this.#usedBytes = 0;
    this.#sharedEnd = ARENA_BYTES;
    this.#stamp = ++lastStamp;
    for (let index = 0; index < length; index += 1) {
      const member = entries[index];
      if (member === undefined) continue;
      member.isDirty = false;
      member.flushed();
    }
    this.#dirty.release();
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

  /** Reads the results, in the order in which {@link flush} planned, and keeps what was not sent. */
  #settle({ entries, length }: Taken<Member>): void {
    let stalled: Stalled<Member>[] | undefined;
    let stalledBytes = 0;
    let word = 0;
    for (let index = 0; index < length; index += 1) {
      const member = entries[index];
      if (member === undefined || member.rangeEnd === 0) continue;
      if (member.isDestroyed) {
        forgetRanges(member);
        continue;
      }
      const total = rangedBytes(member);
      let sent = 0;
      if (!member.hasQueue) {
        const result = present(this.#operations[word], 'the result of a send');
        word += OPERATION_WORDS * rangeCount(member);
        if (isMemoryShortage(-result)) {
          this.#onStarved(member);
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
   * Hands what was not sent to the queues. If the remainders together are larger than the arena's contents, as when
   * many slow members miss one broadcast, they share one copy of the contents.
   */
  #keepAll(stalled: readonly Stalled<Member>[], stalledBytes: number): void {
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
