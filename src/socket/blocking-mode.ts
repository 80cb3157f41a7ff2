/** How a socket makes a call that would block. */
import { checkInteger, MAX_INT32 } from '../arguments.js';
import { POLLIN } from '../readiness/constants.js';
import { BlockingWait, waitsHere } from './blocking-wait.js';
import { MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB } from './constants.js';

/** Each of them keeps a receive from waiting, whatever the mode: recv(2), tcp(7). */
export const RECEIVES_AT_ONCE = MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB;

/** Call it before anything is computed with them, because that might run code of the caller. */
export function checkFlags(flags: number): void {
  checkInteger(flags, 'flags', -MAX_INT32 - 1, MAX_INT32);
}

/** One of the three blocking modes. */
export class BlockingMode {
  /** -1: blocking, 0: non-blocking, above: the timeout. */
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /** The wait of a call that starts now. */
  startWait(fd: number, events: number): BlockingWait {
    return new BlockingWait(fd, events, this.timeoutMs);
  }

  /**
   * Makes one call as the mode has it.
   *
   * @param events the event to wait for before trying again: POLLIN or POLLOUT
   * @param attempt makes the call with the flags that it is given; `null` if it would block
   */
  operate<Result>(
    fd: number,
    syscall: string,
    events: number,
    flags: number,
    attempt: (fd: number, flags: number) => Result | null,
    wait?: BlockingWait,
  ): Result | null {
    checkFlags(flags);
    const neverWaits = (flags & (events === POLLIN ? RECEIVES_AT_ONCE : MSG_DONTWAIT)) !== 0;
    if (!neverWaits && !waitsHere(this.timeoutMs)) return attempt(fd, flags);
    // The flag of the fd may differ: it is shared with duplicates.
    const result = attempt(fd, flags | MSG_DONTWAIT);
    if (result !== null || neverWaits) return result;
    return operateLater(syscall, () => attempt(fd, flags | MSG_DONTWAIT), wait ?? this.startWait(fd, events));
  }
}

function operateLater<Result>(syscall: string, attempt: () => Result | null, wait: BlockingWait): Result | null {
  for (let isFirst = true; ; isFirst = false) {
    // Ready in appearance only: a unix datagram socket reports its own room, not its receiver's.
    const isInTime = wait.forReadiness() && (isFirst || wait.pause());
    if (!isInTime) return wait.expire(syscall);
    const result = attempt();
    if (result !== null) return result;
  }
}
