/** One direction of a relay: bytes from a source to a target, by splice(2) where both can, else by copying. */
import { constants } from 'node:os';
import { SpliceOutcome, WOULD_BLOCK } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { toError } from '../errors.js';
import { errnoError } from '../socket/errno-error.js';
import { isMemoryShortageError } from '../socket/memory-shortage.js';
import { discardPipe, givePipe, type Pipe, takePipe } from './pipe-pool.js';
import type { RelaySide } from './relay-side.js';

/** How many bytes a direction moves in one turn at most, so that a firehose waits for its neighbours. */
const TURN_BYTES = 524_288;
const COPY_BYTES = 65_536;
const { EINVAL, ENOSYS, EOPNOTSUPP } = constants.errno;

/** The observer of a direction. */
export interface FlowOwner {
  /** The source has ended, the target has everything, and the end was signalled to its peer. */
  flowEnded(flow: RelayFlow): void;
  /** Reading or writing `side` has failed. */
  flowFailed(side: RelaySide, error: Error): void;
  /** The kernel has no memory for the bytes. */
  flowStarved(): void;
}

/** The counts of the latest call. No other code runs between the call and the reading of its counts. */
const counts = new Int32Array(3);
let copyBuffer: Buffer | undefined;

/** A direction. It waits for its source or for its target, never for both. */
export class RelayFlow {
  readonly source: RelaySide;
  readonly target: RelaySide;
  readonly #owner: FlowOwner;
  /** Bytes that were taken by copying, and not yet given. While there are any, the pipe is empty. */
  #copied: Buffer;
  #pipe: Pipe | undefined;
  #pipedBytes = 0;
  #splices: boolean;
  waitsFor: 'source' | 'target' | 'nothing' = 'source';
  /** How many bytes the target has taken. */
  givenBytes = 0;

  constructor(source: RelaySide, target: RelaySide, owner: FlowOwner) {
    this.source = source;
    this.target = target;
    this.#owner = owner;
    this.#splices = source.kind.canSplice && target.kind.canSplice;
    this.#copied = Buffer.concat([target.unsent, source.held]);
    if (this.#copied.length > 0) this.waitsFor = 'target';
  }

  /** Moves what can be moved now. @returns whether anything has happened */
  move(): boolean {
    const { givenBytes } = this;
    const before = this.waitsFor;
    if (this.#giveCopied()) {
      if (this.#splices) this.#splice();
      else this.#copy();
    }
    return this.givenBytes !== givenBytes || this.waitsFor !== before;
  }

  /** Drops the bytes under way. */
  clear(): void {
    this.waitsFor = 'nothing';
    this.#copied = Buffer.alloc(0);
    if (this.#pipe !== undefined) discardPipe(this.#pipe);
    this.#pipe = undefined;
  }

  #splice(): void {
    const pipe = (this.#pipe ??= takePipe());
    if (pipe === undefined) {
      this.#copy();
      return;
    }
    const { source, target } = this;
    const { reader, writer } = pipe;
    const outcome = native.spliceThrough(source.fd, target.fd, reader, writer, this.#pipedBytes, TURN_BYTES, counts);
    const taken = counts[0] ?? 0;
    const given = counts[1] ?? 0;
    const errno = counts[2] ?? 0;
    this.#pipedBytes += taken - given;
    this.givenBytes += given;
    if (this.#pipedBytes === 0) {
      givePipe(pipe);
      this.#pipe = undefined;
    }
    switch (outcome) {
      case SpliceOutcome.SPENT:
        this.waitsFor = 'source';
        return;
      case SpliceOutcome.TARGET_FULL:
        this.waitsFor = 'target';
        return;
      case SpliceOutcome.SOURCE_EMPTY:
        // A source that says it is ready has urgent data, before which splice(2) stops.
        if (taken + given === 0) this.#copy();
        else this.waitsFor = 'source';
        return;
      case SpliceOutcome.SOURCE_ENDED:
        // Or so it seems: splice(2) returns 0 before urgent data, too.
        this.#copy();
        return;
      case SpliceOutcome.SOURCE_FAILED:
        this.#spliceFailed(source, errno);
        return;
      default:
        this.#spliceFailed(target, errno);
    }
  }

  #spliceFailed(side: RelaySide, errno: number): void {
    if (errno === EINVAL || errno === ENOSYS || errno === EOPNOTSUPP) {
      this.#splices = false;
      this.#takeBack();
      if (this.#giveCopied()) this.#copy();
    } else {
      this.#failed(side, errnoError(errno, 'splice', side.fd));
    }
  }

  /** Takes what lies in the pipe out of it, since the target cannot be spliced to. */
  #takeBack(): void {
    const pipe = this.#pipe;
    if (pipe === undefined) return;
    this.#pipe = undefined;
    this.#copied = Buffer.allocUnsafeSlow(this.#pipedBytes);
    this.#pipedBytes = 0;
    for (let at = 0; at < this.#copied.length;) {
      at += native.read(pipe.reader, this.#copied, at, this.#copied.length - at);
    }
    givePipe(pipe);
  }

  #copy(): void {
    copyBuffer ??= Buffer.allocUnsafeSlow(COPY_BYTES);
    for (let left = TURN_BYTES; left > 0;) {
      const count = this.#read(copyBuffer);
      if (count === undefined) return;
      left -= count;
      this.#copied = copyBuffer.subarray(0, count);
      if (this.#giveCopied()) continue;
      // The buffer will be in use again before the target takes the rest.
      this.#copied = Buffer.from(this.#copied);
      return;
    }
    this.waitsFor = 'source';
  }

  /** @returns undefined if there is nothing to give: the source is empty, ended or broken */
  #read(bytes: Buffer): number | undefined {
    try {
      const count = this.source.read(bytes);
      if (count > 0) return count;
      if (count === WOULD_BLOCK) this.waitsFor = 'source';
      else this.#end();
    } catch (error) {
      this.#failed(this.source, error);
    }
    return undefined;
  }

  /** @returns whether the target has taken all that was copied */
  #giveCopied(): boolean {
    while (this.#copied.length > 0) {
      let count: number;
      try {
        count = this.target.write(this.#copied);
      } catch (error) {
        this.#failed(this.target, error);
        return false;
      }
      if (count === WOULD_BLOCK) {
        this.waitsFor = 'target';
        return false;
      }
      this.givenBytes += count;
      this.#copied = this.#copied.subarray(count);
    }
    return true;
  }

  #failed(side: RelaySide, error: unknown): void {
    if (!isMemoryShortageError(error)) this.#owner.flowFailed(side, toError(error));
    else {
      // Bytes that were taken from the source must not wait for the source to have more.
      if (side === this.target) this.waitsFor = 'target';
      this.#owner.flowStarved();
    }
  }

  #end(): void {
    this.waitsFor = 'nothing';
    try {
      this.target.endWriting();
      this.#owner.flowEnded(this);
    } catch (error) {
      this.#owner.flowFailed(this.target, toError(error));
    }
  }
}
