/** One fd in a multiplexer, as users see it. */
import type { BackendName, Trigger, TriggerOf } from './backend.js';
import type { Interest } from './interest.js';

/** What `Multiplexer.register` takes, without the data. */
export interface RegisterSettings<T, B extends BackendName = BackendName> {
  /** What to be told about. */
  readonly interest: Interest;
  /** When to be told; by default `'level'`. */
  readonly trigger?: TriggerOf<B> | undefined;
  /**
   * Of several epoll instances that watch the same open file description, wake one instead of all (EPOLLEXCLUSIVE).
   * Epoll only, and neither with a one-shot trigger nor with priority interest. It takes a wait that blocks
   * (`waitSync`, `runSync`): those inside the event loop are all woken. By default false.
   */
  readonly exclusive?: (B extends 'epoll' ? boolean : false) | undefined;
  /**
   * Serves this registration, in whichever form the wait has; it is then not part of any batch. It runs in the async
   * context of the call of `register`. What it throws reaches `uncaughtException`, and the others are served all the
   * same. It must not be an async function, since nobody awaits it: ERR_INVALID_ARG_TYPE.
   */
  readonly onReady?: ((registration: Registration<T, B>) => void) | undefined;
}

/** What `Multiplexer.register` takes. `data` can be left out where its type allows undefined. */
export type RegisterOptions<T, B extends BackendName = BackendName> = RegisterSettings<T, B> &
  (undefined extends T ? { readonly data?: T } : { readonly data: T });

/** What {@link Registration.modify} can change; what is left out stays. */
export interface RegistrationChanges<T, B extends BackendName = BackendName> {
  readonly interest?: Interest | undefined;
  readonly trigger?: TriggerOf<B> | undefined;
  readonly data?: T;
}

/** How {@link Registration.drain} ended. */
export type DrainOutcome =
  /** Nothing is left: the kernel will tell when there is more. */
  | 'drained'
  /** End of file. */
  | 'ended'
  /** The budget is used up: the registration is reported again by the next wait. */
  | 'queued';

/** Options of {@link Registration.drain}. */
export interface DrainOptions {
  /** How many bytes to read before the others get their turn: 1 to 2^53-1, by default 262,144. */
  readonly budgetBytes?: number | undefined;
}

/**
 * An fd in a multiplexer. The getters speak of the latest wait that reported it; all are about a hint: the operation
 * itself may still find nothing.
 */
export interface Registration<T = unknown, B extends BackendName = BackendName> {
  /** The fd. */
  readonly fd: number;
  /** The user's own; to change it, assign it. */
  data: T;
  readonly interest: Interest;
  readonly trigger: Trigger;
  /** Whether events can come: registered, not paused, and, for the one-shot triggers, armed. */
  readonly active: boolean;
  /**
   * The raw mask that the kernel reported, in POLL constants (EPOLL's have the same values), unsigned. 0 where nothing
   * was reported yet, after pausing and after unregistering.
   */
  readonly events: number;

  /** Reading gives data, end of file or an error: any of POLLIN, POLLRDNORM, POLLHUP, POLLERR, POLLRDHUP. */
  readonly isReadable: boolean;
  /** Writing takes bytes or gives an error: any of POLLOUT, POLLERR, POLLHUP. */
  readonly isWritable: boolean;
  /** POLLPRI. */
  readonly isPriority: boolean;
  /** POLLERR. `undefined` on select, which cannot tell. */
  readonly isError: boolean | undefined;
  /** POLLHUP. `undefined` on select, which cannot tell. */
  readonly isHangup: boolean | undefined;
  /** The peer will send no more: POLLHUP, or POLLIN with POLLRDHUP. `undefined` on select, which cannot tell. */
  readonly isReadClosed: boolean | undefined;
  /**
   * The peer will take no more: POLLHUP, or POLLOUT with POLLERR, or POLLERR alone. `undefined` on select, which cannot
   * tell.
   */
  readonly isWriteClosed: boolean | undefined;
  /** The fd is not open: POLLNVAL from poll, EBADF from select. epoll forgets such fds without a word. */
  readonly isInvalid: boolean;

  /**
   * Changes interest, trigger or data. Changed data alone costs no system call, nor does a change to what is so already
   * in level mode. It takes effect during a wait, too. In edge mode and for the one-shot triggers it arms the fd, so
   * what is ready is reported once more.
   *
   * @throws ERR_CLOSED, ERR_NOT_REGISTERED, ERR_UNSUPPORTED_TRIGGER, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE,
   *   ERR_UNKNOWN_OPTION: nothing has changed;
   *   what epoll_ctl(2) throws (ENOENT after the fd was closed): the registration is gone
   */
  modify(changes: RegistrationChanges<T, B>): void;
  /**
   * Takes the fd out of the kernel's set until {@link resume}. An empty interest would not do: hangups and errors would
   * still be reported, for ever.
   *
   * @throws ERR_CLOSED, ERR_NOT_REGISTERED
   */
  pause(): void;
  /**
   * Ends a pause, armed; without one it does nothing. @throws ERR_CLOSED, ERR_NOT_REGISTERED, what epoll_ctl(2) throws
   */
  resume(): void;
  /**
   * Arms a one-shot registration again. In edge mode, what is ready is reported once more. In level mode and while
   * paused there is nothing to arm.
   *
   * @throws ERR_CLOSED, ERR_NOT_REGISTERED, what epoll_ctl(2) throws
   */
  rearm(): void;
  /** Leaves the multiplexer. Do so before closing the fd; after that it works as well. Idempotent. */
  unregister(): void;

  /**
   * Reads until nothing is left, as edge mode demands, but no more than its budget: then the registration is put at the
   * end of the queue and reported again by the next wait, so that one busy fd cannot starve the others.
   *
   * @param read reads once: the bytes or their number, 0 or empty at end of file, `null` when it would block. An empty
   *   datagram is no end: it counts as one byte
   * @throws ERR_CLOSED, ERR_NOT_REGISTERED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; whatever `read` throws
   */
  drain(read: () => number | Uint8Array | null, options?: DrainOptions): DrainOutcome;

  /** While waited for, it keeps the process alive (the default). */
  ref(): this;
  /** It does not keep the process alive. */
  unref(): this;
  /** Whether it keeps the process alive while it is active. */
  hasRef(): boolean;
}
