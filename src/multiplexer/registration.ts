/** One fd in a multiplexer: what is asked for, what is told, and the user's data. */
import { inspect, type InspectOptions } from 'node:util';
import { checkFunction, checkInteger, checkOptions, type FdLike, type OptionNames } from '../arguments.js';
import { summary } from '../inspect.js';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDHUP, POLLRDNORM } from '../readiness/constants.js';
import type { BackendEntry, BackendName, Trigger, TriggerOf } from './backend.js';
import { isEndOfFile } from './end-of-file.js';
import { fromInterestMask, type Interest, type InterestMask } from './interest.js';

/** What {@link Registration.modify} can change; what is left out stays. */
export interface RegistrationChanges<T, B extends BackendName = BackendName> {
  readonly interest?: Interest | undefined;
  readonly trigger?: TriggerOf<B> | undefined;
  readonly data?: T;
}

export const CHANGES: OptionNames<RegistrationChanges<unknown>> = { interest: true, trigger: true, data: true };

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

/** What a registration asks of its multiplexer. */
export interface RegistrationOwner<T> {
  /** Whether the backend tells errors and hangups. */
  readonly tellsErrors: boolean;
  checkRegistered(record: RegistrationRecord<T>): void;
  modify(record: RegistrationRecord<T>, changes: RegistrationChanges<T>): void;
  pause(record: RegistrationRecord<T>): void;
  resume(record: RegistrationRecord<T>): void;
  rearm(record: RegistrationRecord<T>): void;
  unregister(record: RegistrationRecord<T>): void;
  requeue(record: RegistrationRecord<T>, events: number): void;
  setRef(record: RegistrationRecord<T>, keepsAlive: boolean): void;
}

/** A one-shot registration that has fired is disarmed; one that was unregistered is gone. */
export type RegistrationState = 'active' | 'disarmed' | 'paused' | 'gone';

const DRAIN_OPTIONS: OptionNames<DrainOptions> = { budgetBytes: true };
const DEFAULT_DRAIN_BUDGET_BYTES = 256 * 1024;

const READABLE = POLLIN | POLLRDNORM | POLLHUP | POLLERR | POLLRDHUP;
const WRITABLE = POLLOUT | POLLERR | POLLHUP;

/**
 * The record behind a {@link Registration}. A server holds many thousands: every field counts.
 * What is public here and not in the interface belongs to the multiplexer and its backends.
 */
export class RegistrationRecord<T> implements Registration<T>, BackendEntry {
  readonly #owner: RegistrationOwner<T>;
  /** What it was registered by, to be found by it even when its fd has become invalid. */
  readonly source: FdLike;
  readonly fd: number;
  readonly generation: number;
  readonly exclusive: boolean;
  readonly onReady: ((registration: RegistrationRecord<T>) => void) | undefined;
  data: T;
  interestMask: InterestMask;
  trigger: Trigger;
  state: RegistrationState = 'active';
  events = 0;
  watched = false;
  pollIndex = 0;
  keepsAlive = true;
  /** What the next wait will report without asking the kernel; 0 for nothing. */
  queuedEvents = 0;

  constructor(
    owner: RegistrationOwner<T>,
    source: FdLike,
    fd: number,
    generation: number,
    settings: {
      readonly interestMask: InterestMask;
      readonly trigger: Trigger;
      readonly exclusive: boolean;
      readonly onReady: ((registration: RegistrationRecord<T>) => void) | undefined;
      readonly data: T;
    },
  ) {
    this.#owner = owner;
    this.source = source;
    this.fd = fd;
    this.generation = generation;
    this.interestMask = settings.interestMask;
    this.trigger = settings.trigger;
    this.exclusive = settings.exclusive;
    this.onReady = settings.onReady;
    this.data = settings.data;
  }

  get interest(): Interest {
    return fromInterestMask(this.interestMask);
  }

  get active(): boolean {
    return this.state === 'active';
  }

  get isReadable(): boolean {
    return (this.events & READABLE) !== 0;
  }

  get isWritable(): boolean {
    return (this.events & WRITABLE) !== 0;
  }

  get isPriority(): boolean {
    return (this.events & POLLPRI) !== 0;
  }

  get isError(): boolean | undefined {
    return this.#owner.tellsErrors ? (this.events & POLLERR) !== 0 : undefined;
  }

  get isHangup(): boolean | undefined {
    return this.#owner.tellsErrors ? (this.events & POLLHUP) !== 0 : undefined;
  }

  get isReadClosed(): boolean | undefined {
    if (!this.#owner.tellsErrors) return undefined;
    const ended = POLLIN | POLLRDHUP;
    return (this.events & POLLHUP) !== 0 || (this.events & ended) === ended;
  }

  get isWriteClosed(): boolean | undefined {
    if (!this.#owner.tellsErrors) return undefined;
    const broken = POLLOUT | POLLERR;
    return (this.events & POLLHUP) !== 0 || (this.events & broken) === broken || this.events === POLLERR;
  }

  get isInvalid(): boolean {
    return (this.events & POLLNVAL) !== 0;
  }

  modify(changes: RegistrationChanges<T>): void {
    this.#owner.modify(this, changes);
  }

  pause(): void {
    this.#owner.pause(this);
  }

  resume(): void {
    this.#owner.resume(this);
  }

  rearm(): void {
    this.#owner.rearm(this);
  }

  unregister(): void {
    this.#owner.unregister(this);
  }

  drain(read: () => number | Uint8Array | null, options?: DrainOptions): DrainOutcome {
    this.#owner.checkRegistered(this);
    checkFunction(read, 'read');
    const budgetBytes = toBudgetBytes(options);
    const events = this.events;
    for (let readBytes = 0; readBytes < budgetBytes;) {
      const result = read();
      if (result === null) return 'drained';
      const bytes: unknown = typeof result === 'number' ? result : result.byteLength;
      checkInteger(bytes, 'the result of "read"', 0, Number.MAX_SAFE_INTEGER);
      if (bytes === 0 && isEndOfFile(this.fd)) return 'ended';
      // An empty datagram counts, or a flood of them would use no budget up.
      readBytes += Math.max(bytes, 1);
    }
    // The reader may have unregistered meanwhile.
    if (this.state !== 'gone') this.#owner.requeue(this, events | POLLIN);
    return 'queued';
  }

  ref(): this {
    this.#owner.setRef(this, true);
    return this;
  }

  unref(): this {
    this.#owner.setRef(this, false);
    return this;
  }

  hasRef(): boolean {
    return this.keepsAlive;
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    const { fd, interest, trigger, state, events, data } = this;
    return summary('Registration', { fd, interest, trigger, state, events, data }, depth, options);
  }

  becomeReady(events: number): void {
    this.events = events;
    if (this.trigger === 'oneshot' || this.trigger === 'edge-oneshot') this.state = 'disarmed';
  }
}

function toBudgetBytes(options: DrainOptions | undefined): number {
  if (options === undefined) return DEFAULT_DRAIN_BUDGET_BYTES;
  checkOptions(options, 'options', DRAIN_OPTIONS);
  const { budgetBytes = DEFAULT_DRAIN_BUDGET_BYTES } = options;
  checkInteger(budgetBytes, 'options.budgetBytes', 1, Number.MAX_SAFE_INTEGER);
  return budgetBytes;
}
