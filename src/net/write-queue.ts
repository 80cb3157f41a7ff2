/** The bytes of one connection that the kernel has not taken yet. */
import { WOULD_BLOCK } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { present } from '../errors.js';

/** The smallest block that gathers copied bytes, so that small remainders of several turns leave together. */
const MIN_BLOCK_BYTES = 4096;
/**
 * Shared bytes shorter than this are copied: a reference, with its share of the object behind it, costs more.
 */
const SHARE_FROM_BYTES = 128;
/** Short chunks leave together in pieces of this size, so a queue of thousands of lines costs a few system calls. */
const GATHER_BYTES = 65_536;
/** A chunk of this size or more is sent from where it lies. */
const DIRECT_BYTES = 16_384;
/** References to chunks that have left are dropped once there are this many and they fill half of the array. */
const SPENT_CHUNKS = 64;

/**
 * Blocks of this size or more are used again: fresh memory costs a page fault for every 4 KiB, more than the copy. The
 * queue of a writer of long chunks fills and empties repeatedly.
 */
const POOLED_BYTES = 32_768;
/** This many are kept. */
const MAX_POOLED = 4;

const pool: Buffer[] = [];

/** @returns memory for at least `byteLength` bytes, whose contents are left over */
function takeBlock(byteLength: number): Buffer {
  const index = byteLength < POOLED_BYTES ? -1 : pool.findIndex((block) => block.length >= byteLength);
  const [block] = index < 0 ? [] : pool.splice(index, 1);
  return block ?? Buffer.allocUnsafeSlow(Math.max(byteLength, MIN_BLOCK_BYTES));
}

/** Takes back a block, which must not be used any more. */
function giveBlock(block: Buffer): void {
  if (block.length >= POOLED_BYTES && block.length <= GATHER_BYTES && pool.length < MAX_POOLED) pool.push(block);
}

/** Holds short chunks, one after the other, for one send. Nothing stays in it after a call. */
const gathered = Buffer.allocUnsafeSlow(GATHER_BYTES);

/**
 * A first-in, first-out queue of bytes. It holds no buffer while it is empty, and its owner limits its length. It holds
 * shared bytes by reference, so a broadcast exists once, however many readers lag behind.
 */
export class WriteQueue {
  #chunks: Buffer[] = [];
  /** The index of the first chunk that has not left. */
  #first = 0;
  /** How much of that chunk has been sent. */
  #sentBytes = 0;
  /** The block that copied bytes go to, and how much of it is used. */
  #block: Buffer | null = null;
  #blockBytes = 0;
  /** The first block, if there are more: often the rest of one write, before the next one. */
  #filled: Buffer | undefined;
  /** Whether the last chunk ends where the block's free part begins. */
  #endsInBlock = false;
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Appends a copy of `bytes`. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#block === null || this.#block.length - this.#blockBytes < bytes.length) {
      if (this.#block !== null) this.#filled ??= this.#block;
      this.#block = takeBlock(bytes.length);
      this.#blockBytes = 0;
      this.#endsInBlock = false;
    }
    const start = this.#blockBytes;
    const end = start + bytes.length;
    this.#block.set(bytes, start);
    this.#blockBytes = end;
    this.#byteLength += bytes.length;
    const last = this.#chunks.length - 1;
    const tail = this.#chunks[last];
    if (this.#endsInBlock && tail !== undefined) {
      this.#chunks[last] = this.#block.subarray(start - tail.length, end);
    } else {
      this.#chunks.push(this.#block.subarray(start, end));
      this.#endsInBlock = true;
    }
  }

  /** Appends `bytes` themselves, which must not change from now on; only short ones are copied. */
  pushShared(bytes: Buffer): void {
    if (bytes.length < SHARE_FROM_BYTES) {
      this.push(bytes);
      return;
    }
    this.#chunks.push(bytes);
    this.#endsInBlock = false;
    this.#byteLength += bytes.length;
  }

  /**
   * Sends until the queue is empty or the kernel takes no more: send(2).
   *
   * @returns how many bytes left
   * @throws the errors of send(2); bytes that left before the error are no longer in the queue
   */
  sendTo(fd: number): number {
    const before = this.#byteLength;
    try {
      while (this.#byteLength > 0) {
        const sent = this.#sendSome(fd);
        if (sent === WOULD_BLOCK) break;
        this.#drop(sent);
      }
    } finally {
      if (this.#byteLength === 0) this.clear();
      else this.#forgetSpent();
    }
    return before - this.#byteLength;
  }

  /** Makes one system call: for a long chunk alone, or for short ones together. @returns the count, or WOULD_BLOCK */
  #sendSome(fd: number): number {
    const chunk = this.#chunks[this.#first];
    if (chunk === undefined) return WOULD_BLOCK;
    const length = chunk.length - this.#sentBytes;
    if (length >= DIRECT_BYTES || length === this.#byteLength) {
      return native.send(fd, chunk, this.#sentBytes, length, 0);
    }
    return native.send(fd, gathered, 0, this.#gather(), 0);
  }

  /** Copies the next chunks, as long as they fit. @returns how many bytes it copied */
  #gather(): number {
    let used = 0;
    let start = this.#sentBytes;
    for (let index = this.#first; index < this.#chunks.length; index += 1) {
      const chunk = this.#chunks[index];
      if (chunk === undefined || chunk.length - start > GATHER_BYTES - used) break;
      used += chunk.copy(gathered, used, start);
      start = 0;
    }
    return used;
  }

  /** Removes the first `byteLength` bytes, which have left. */
  #drop(byteLength: number): void {
    this.#byteLength -= byteLength;
    let rest = this.#sentBytes + byteLength;
    for (; this.#first < this.#chunks.length; this.#first += 1) {
      const length = present(this.#chunks[this.#first], 'a chunk of the queue').length;
      if (rest < length) break;
      rest -= length;
    }
    this.#sentBytes = rest;
  }

  #forgetSpent(): void {
    if (this.#first < SPENT_CHUNKS || this.#first * 2 < this.#chunks.length) return;
    this.#chunks.splice(0, this.#first);
    this.#first = 0;
  }

  /** Takes everything that has not left. */
  takeAll(): Buffer {
    const [first, ...others] = this.#chunks.slice(this.#first);
    const bytes = first === undefined ? [] : [first.subarray(this.#sentBytes), ...others];
    this.clear();
    return Buffer.concat(bytes);
  }

  /** Drops everything. */
  clear(): void {
    this.#chunks = [];
    this.#first = 0;
    this.#sentBytes = 0;
    if (this.#block !== null) giveBlock(this.#block);
    if (this.#filled !== undefined) giveBlock(this.#filled);
    this.#filled = undefined;
    this.#block = null;
    this.#endsInBlock = false;
    this.#byteLength = 0;
  }
}
