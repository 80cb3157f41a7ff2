/** One fd in a multiplexer, as users see it. */
import type { BackendName, Trigger, TriggerOf } from './backend.js';
import type { Interest } from './interest.js';

/** Options of `Multiplexer.register` without the data. */
export interface RegisterSettings<T, B extends BackendName = BackendName> {
  /** The kinds of readiness to report. */
  readonly interest: Interest;
  /** When to report them; by default `'level'`. */
  readonly trigger?: TriggerOf<B> | undefined;
  /**
   * Wakes one of several epoll instances that watch the same open file description instead of all (EPOLLEXCLUSIVE).
   * Epoll only, and neither with a one-shot trigger nor with priority interest. It has an effect only on waits that
   * block (`waitSync`, `runSync`): those inside the event loop are all woken. By default false.
   */
  readonly exclusive?: (B extends 'epoll' ? boolean : false) | undefined;
  /**
   * Serves this registration in every form of wait; the registration is then never part of a batch. It runs in the
   * async context of the call of `register`. An exception that it throws reaches `uncaughtException`, and the others
   * are served all the same. It must not be an async function, since it is not awaited: ERR_INVALID_ARG_TYPE.
   */
  readonly onReady?: ((registration: Registration<T, B>) => void) | undefined;
}

/** Options of `Multiplexer.register`. You can omit `data` if its type allows undefined. */
export type RegisterOptions<T, B extends BackendName = BackendName> = RegisterSettings<T, B> &
  (undefined extends T ? { readonly data?: T } : { readonly data: T });

/** The changes that {@link Registration.modify} makes. Anything omitted stays as it is. */
export interface RegistrationChanges<T, B extends BackendName = BackendName> {
  readonly interest?: Interest | undefined;
  readonly trigger?: TriggerOf<B> | undefined;
  readonly data?: T;
}

/** How {@link Registration.drain} ended. */
export type DrainOutcome =
  /** Nothing is left: the kernel will report when there is more. */
  | 'drained'
  /** End of file. */
  | 'ended'
  /**
   * The budget is used up: the registration is reported again by the next wait. Not if `read` has paused or
   * unregistered it, which ends the drain, too.
   */
  | 'queued';

/** Options of {@link Registration.drain}. */
export interface DrainOptions {
  /** How many bytes to read before the others get their turn: 1 to 2^53-1, by default 262,144. */
  readonly budgetBytes?: number | undefined;
}

/**
 * An fd in a multiplexer. The getters describe the latest wait that reported it. They are hints: the operation itself
 * may still find nothing.
 */
export interface Registration<T = unknown, B extends BackendName = BackendName> {
  /** The fd. */
  readonly fd: number;
  /** Your own data; to change it, assign it. */
  data: T;
  readonly interest: Interest;
  readonly trigger: Trigger;
  /** Whether events can arrive: registered, not paused, and, for the one-shot triggers, armed. */
  readonly active: boolean;
  /**
   * The raw mask that the kernel reported, in POLL constants (EPOLL's have the same values), unsigned. 0 before the
   * first report, after pausing and after unregistering.
   */
  readonly events: number;

  /** Reading returns data, end of file or an error: any of POLLIN, POLLRDNORM, POLLHUP, POLLERR, POLLRDHUP. */
  readonly isReadable: boolean;
  /** Writing takes bytes or fails with an error: any of POLLOUT, POLLERR, POLLHUP. */
  readonly isWritable: boolean;
  /** POLLPRI. */
  readonly isPriority: boolean;
  /** POLLERR. `undefined` on select, which does not report it. */
  readonly isError: boolean | undefined;
  /** POLLHUP. `undefined` on select, which does not report it. */
  readonly isHangup: boolean | undefined;
  /** The peer will send no more: POLLHUP, or POLLIN with POLLRDHUP. `undefined` on select, which reports neither. */
  readonly isReadClosed: boolean | undefined;
  /**
   * The peer will take no more: POLLHUP, or POLLOUT with POLLERR, or POLLERR alone. `undefined` on select, which
   * reports none of them.
   */
  readonly isWriteClosed: boolean | undefined;
  /** The fd is not open: POLLNVAL from poll, EBADF from select. epoll forgets such fds silently. */
  readonly isInvalid: boolean;

  /**
   * Changes interest, trigger or data. It takes effect during a wait, too. Changing data alone costs no system call,
   * nor does setting unchanged values in level mode. In edge mode and for the one-shot triggers it arms the fd, so that
   * an fd that is ready is reported once more.
   *
   * @throws ERR_CLOSED, ERR_NOT_REGISTERED, ERR_UNSUPPORTED_TRIGGER, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE,
   *   ERR_UNKNOWN_OPTION: nothing has changed;
   *   the errors of epoll_ctl(2) (ENOENT after the fd was closed): the registration is gone
   */
  modify(changes: RegistrationChanges<T, B>): void;
  /**
   * Takes the fd out of the kernel's set until {@link resume}. With an empty interest instead, hangups and errors would
   * still be reported, for ever.
   *
   * @throws ERR_CLOSED, ERR_NOT_REGISTERED
   */
  pause(): void;
  /**
   * Ends a pause and arms the fd; if it is not paused, does nothing. @throws ERR_CLOSED, ERR_NOT_REGISTERED, the errors
   * of epoll_ctl(2)
   */
  resume(): void;
  /**
   * Arms a one-shot registration again. In edge mode, an fd that is ready is reported once more. In level mode and
   * while paused there is nothing to arm.
   *
   * @throws ERR_CLOSED, ERR_NOT_REGISTERED, the errors of epoll_ctl(2)
   */
  rearm(): void;
  /** Leaves the multiplexer. Do so before closing the fd, though it still works afterwards. Idempotent. */
  unregister(): void;

  /**
   * Reads until nothing is left, as edge mode demands, or until the budget is used up: then the registration goes to
   * the end of the queue and the next wait reports it again, so that one busy fd cannot starve the others.
   *
   * @param read reads once and returns the bytes or their number, 0 or empty at end of file, `null` if it would block.
   *   An empty datagram is not an end: it counts as one byte
   * @throws ERR_CLOSED, ERR_NOT_REGISTERED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; anything that `read` throws
   */
  drain(read: () => number | Uint8Array | null, options?: DrainOptions): DrainOutcome;

  /** It keeps the process alive while a wait is under way (the default). */
  ref(): this;
  /** It does not keep the process alive. */
  unref(): this;
  /** Whether it keeps the process alive while it is active. */
  hasRef(): boolean;
}
