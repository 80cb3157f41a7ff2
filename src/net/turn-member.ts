/** The members that a turn calls: the owners of fds, and the connections among them. */
import type { Readiness } from './turn-driver.js';

/** The owner of an fd that a turn watches. */
export interface FdOwner {
  /** The fd is ready. */
  ready(registration: Readiness): void;
  /** A wait of the multiplexer has failed. Its owner may wait again. */
  waitFailed(error: Error): void;
  /** The multiplexer is closed: it reports nothing any more. */
  abandoned(error: Error): void;
}

/** The receive side's view of a connection. */
export interface InputMember {
  readonly fd: number;
  /** Hands out the bytes that were held back. @returns whether it wants bytes now */
  beginReceive(): boolean;
  /** `bytes` are a view of the slab; `mayHaveMore` is whether they filled the budget. */
  received(bytes: Buffer, mayHaveMore: boolean): void;
  /** The peer sends no more. */
  receivedEnd(): void;
  /** The kernel reports that the connection is broken; `errno` is positive. */
  refused(errno: number, syscall: string): void;
}

/** The send side's view of a connection. */
export interface OutputMember {
  readonly fd: number;
  /** Nothing more is sent for a destroyed member. */
  readonly isDestroyed: boolean;
  /** Whether older bytes are waiting; new ones must line up behind them. */
  readonly hasQueue: boolean;

  /** For the arena alone, as are the next four: whether the member is on its list of members to flush. */
  isDirty: boolean;
  /** Its last run of bytes in the arena, [rangeStart, rangeEnd); both 0 if there is none. */
  rangeStart: number;
  rangeEnd: number;
  /** The runs before that one, as pairs, if they do not touch. */
  earlierRanges: number[] | null;
  /** Its index in its audience; -1 without an audience. */
  audienceIndex: number;

  /** The arena took `byteLength` bytes for it. */
  accepted(byteLength: number): void;
  /** The kernel took `byteLength` of them. */
  sent(byteLength: number): void;
  /**
   * The kernel did not take these bytes, so they are the member's from now on. If `isShared`, they never change;
   * otherwise they are valid until this returns.
   */
  keep(bytes: Buffer, isShared: boolean): void;
  failed(error: Error): void;
  /** The kernel reports that the connection is broken; `errno` is positive. */
  refused(errno: number, syscall: string): void;
  /** Everything that the arena had for it has been sent or kept. */
  flushed(): void;
}

/** A turn's view of a connection. */
export interface TurnMember extends InputMember, OutputMember {
  /** For the turn alone: the kernel had no memory for its bytes, so it is not asked for a moment. */
  isStarved: boolean;
  /** `isStarved` has changed: while it is set, the fd is not waited for. */
  updateInterest(): void;
  /** There is room again: calls the user's handler. */
  drain(): void;
  /** Closes the member if it has been destroyed, and calls the user's handlers. */
  sweep(): void;
}
