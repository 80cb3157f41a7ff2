/** The receive slab: the memory that one turn receives into for all its connections. */
import { constants } from 'node:os';
import type { NativeBinding, Receive } from '../binding/contract.js';
import { present } from '../errors.js';
import { isMemoryShortage } from '../socket/memory-shortage.js';
import type { Taken } from './turn-list.js';
import type { InputMember } from './turn-member.js';

/** A connection's share of the slab in one turn: its byte budget, so that a firehose waits for its neighbours. */
const RECEIVE_BYTES = 65_536;
/** One native call receives for at most this many connections. */
const RECEIVE_BATCH = 64;
/**
 * Room for thousands of short messages in one native call; of long ones, no more than stay in the processor's cache.
 */
const SLAB_BYTES = 2 * RECEIVE_BYTES;

const { EAGAIN } = constants.errno;
const NO_FD = -1;
const NOTHING = Buffer.alloc(0);

/** The one system call that the slab makes, for many fds at once. */
export type ReceiveCalls = Pick<NativeBinding, 'receiver'>;

/** Receives for many members by few native calls, and hands each a view of its bytes. */
export class ReceiveSlab<Member extends InputMember> {
  readonly #calls: ReceiveCalls;
  readonly #onStarved: (member: Member) => void;
  /** The fds to receive for; the call replaces them by its results. */
  readonly #operations = new Int32Array(RECEIVE_BATCH);
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #receive: Receive;
  /** The members of the current batch. */
  readonly #batch: (Member | undefined)[] = new Array<Member | undefined>(RECEIVE_BATCH);
  /** Where the current native call begins in the batch, and how many of its results are there. */
  #first = 0;
  #done = 0;
  /** Views of the slab, by position in the batch: messages are often as long as those of the turn before. */
  #views: Buffer[] = [];

  /** @param onStarved called with a member if the kernel has no memory to receive for it */
  constructor(calls: ReceiveCalls, onStarved: (member: Member) => void) {
    this.#calls = calls;
    this.#onStarved = onStarved;
    this.#receive = this.#makeReceive();
  }

  #makeReceive(): Receive {
    return this.#calls.receiver(this.#slab, this.#operations, RECEIVE_BYTES);
  }

  /** Receives once for each member that wants bytes, and calls its methods. */
  receive({ entries, length }: Taken<Member>): void {
    const operations = this.#operations;
    let next = 0;
    while (next < length) {
      let count = 0;
      this.#first = 0;
      this.#done = 0;
      while (next < length && count < RECEIVE_BATCH) {
        const member = entries[next];
        next += 1;
        if (member?.beginReceive() === true) {
          operations[count] = member.fd;
          this.#batch[count] = member;
          count += 1;
        }
      }
      this.#receiveBatch(count);
    }
  }

  #receiveBatch(count: number): void {
    const operations = this.#operations;
    let first = 0;
    while (first < count) {
      // A handler has transferred the memory that its bytes lay in, to another thread for instance.
      if (this.#slab.length === 0) this.#replaceSlab();
      const done = this.#receive(count - first);
      this.#first = first;
      this.#done = done;
      let offset = 0;
      for (let i = 0; i < done; i += 1) {
        const member = this.#batch[first + i];
        const result = present(operations[i], 'the result of a receive');
        if (member === undefined) break;
        this.#batch[first + i] = undefined;
        if (result > 0) {
          member.received(this.#view(i, offset, result), result === RECEIVE_BYTES);
          offset += result;
        } else if (result === 0) {
          member.receivedEnd();
        } else if (isMemoryShortage(-result)) {
          this.#onStarved(member);
        } else if (result !== -EAGAIN) {
          member.refused(-result, 'recv');
        }
      }
      first += done;
      if (first < count) operations.copyWithin(0, done);
    }
    this.#first = 0;
    this.#done = 0;
  }

  #replaceSlab(): void {
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#receive = this.#makeReceive();
    this.#views = [];
  }

  /**
   * Nothing more is received for a member, whose fd has got another owner.
   *
   * @returns a copy of the bytes that have left the kernel for it and were not handed out
   */
  withdraw(member: Member): Buffer {
    // A member that was both resumed and reported is there twice.
    const parts: Buffer[] = [];
    for (let at = this.#batch.indexOf(member); at >= 0; at = this.#batch.indexOf(member, at + 1)) {
      if (at >= this.#first) parts.push(this.#withdrawAt(at - this.#first));
    }
    return parts.length === 0 ? NOTHING : Buffer.concat(parts);
  }

  #withdrawAt(index: number): Buffer {
    const operations = this.#operations;
    const result = present(operations[index], 'the result of a receive');
    if (index >= this.#done) {
      // The fd of a receive to come. Its failure is reported to the member, which is not interested any more.
      operations[index] = NO_FD;
      return NOTHING;
    }
    if (result <= 0) return NOTHING;
    let offset = 0;
    for (const earlier of operations.subarray(0, index)) offset += Math.max(earlier, 0);
    return this.#slab.subarray(offset, offset + result);
  }

  /** The slab's `length` bytes at `offset`, for the member at position `index` of the call. */
  #view(index: number, offset: number, length: number): Buffer {
    const latest = this.#views[index];
    if (latest?.length === length && latest.byteOffset === offset) return latest;
    const view = this.#slab.subarray(offset, offset + length);
    this.#views[index] = view;
    return view;
  }
}
