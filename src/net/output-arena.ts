/**
 * The output arena: the memory in which one turn gathers what its connections send.
 *
 * A write copies its bytes into the arena and extends the connection's range there; a broadcast is copied once and
 * extends the range of every recipient. A flush sends all ranges by one native call, hands what the kernel did not take
 * to the connections' queues, and starts the arena again from zero.
 */
import { constants } from 'node:os';
import { toBytes } from '../arguments.js';
import type { NativeBinding } from '../binding/contract.js';
import { present, toError } from '../errors.js';
import { isMemoryShortage, isMemoryShortageError } from '../socket/memory-shortage.js';
import { SharedBytes } from './shared-bytes.js';
import { type Taken, TurnList } from './turn-list.js';
import type { OutputMember } from './turn-member.js';

/** Small enough to stay in the processor's cache from the copy to the send; a full arena is flushed. */
const ARENA_BYTES = 262_144;
/** Writes of this size or more go to the kernel from where they lie: a copy would cost more than the call it saves. */
const DIRECT_BYTES = 16_384;
/** A code unit of a string is at most three bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;
/** The words of one operation of `sendRanges`: fd, start, end. */
const OPERATION_WORDS = 3;

const { EAGAIN } = constants.errno;

/** What a connection takes to write. */
export type Writable = string | Uint8Array | SharedBytes;

/** The system calls that the arena makes: for one fd, and for the ranges of many. */
export type SendCalls = Pick<NativeBinding, 'send' | 'sendRanges'>;

/** A member of which the kernel took only the first `sent` bytes. */
interface Stalled<Member> {
  readonly member: Member;
  readonly sent: number;
}

/**
 * A number for each filling of any arena of the thread: it shows whether shared bytes lie in the current one.
 */
let lastStamp = 0;

/** Gathers bytes for many members, and sends each member's share in one system call. */
export class OutputArena<Member extends OutputMember> {
  readonly #calls: SendCalls;
  readonly #onStarved: (member: Member) => void;
  readonly #arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
  #usedBytes = 0;
  #stamp = ++lastStamp;
  /** The members to flush, in the order in which they became dirty. */
  readonly #dirty = new TurnList<Member>();
  /** The operations of one `sendRanges`, and then its results; grown as needed. */
  #operations = new Int32Array(OPERATION_WORDS * 64);

  /** @param onStarved called with a member if the kernel has no memory for its bytes */
  constructor(calls: SendCalls, onStarved: (member: Member) => void) {
    this.#calls = calls;
    this.#onStarved = onStarved;
  }

  /** Whether a flush has anything to do. */
  get isDirty(): boolean {
    return this.#dirty.length > 0;
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
      this.#makeRoom(bytes.length);
      this.#arena.set(bytes, this.#usedBytes);
      shared.arenaStart = this.#usedBytes;
      shared.arenaStamp = this.#stamp;
      this.#usedBytes += bytes.length;
    }
    this.#extend(member, shared.arenaStart, shared.arenaStart + bytes.length);
  }

  /** @param isPrivate whether nobody changes `bytes` later */
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
    if (this.#usedBytes === 0 && this.#dirty.length === 0) return;
    const members = this.#dirty.take();
    const { entries, length } = members;
    let count = 0;
    for (let index = 0; index < length; index += 1) {
      const member = entries[index];
      if (member === undefined) continue;
      if (member.rangeEnd !== 0 && !member.isDestroyed && !member.hasQueue) count = this.#plan(member, count);
    }
    if (count > 0) this.#calls.sendRanges(this.#arena, this.#operations, count);
    this.#settle(members);
    this.#usedBytes = 0;
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
    const used = this.#arena.subarray(0, this.#usedBytes);
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
