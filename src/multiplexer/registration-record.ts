/** The record behind a registration, which the multiplexer and its backends share. */
import { inspect, type InspectOptions } from 'node:util';
import { checkFunction, checkInteger, checkOptions, type FdLike, type OptionNames } from '../arguments.js';
import { summary } from '../inspect.js';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDHUP, POLLRDNORM } from '../readiness/constants.js';
import type { BackendEntry, Trigger } from './backend.js';
import { isEndOfFile } from './end-of-file.js';
import { fromInterestMask, type Interest, type InterestMask } from './interest.js';
import type { DrainOptions, DrainOutcome, Registration, RegistrationChanges } from './registration.js';

/** The part of its registry that a registration uses. */
export interface RegistrationOwner<T> {
  /** Whether the backend reports errors and hangups. */
  readonly reportsErrors: boolean;
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

/** {@link RegisterOptions}, checked. */
export interface RecordSettings<T> {
  readonly interestMask: InterestMask;
  readonly trigger: Trigger;
  readonly exclusive: boolean;
  readonly onReady: ((registration: RegistrationRecord<T>) => void) | undefined;
  readonly data: T;
}

const DRAIN_OPTIONS: OptionNames<DrainOptions> = { budgetBytes: true };
const DEFAULT_DRAIN_BUDGET_BYTES = 256 * 1024;

const READABLE = POLLIN | POLLRDNORM | POLLHUP | POLLERR | POLLRDHUP;
const WRITABLE = POLLOUT | POLLERR | POLLHUP;

/**
 * The record behind a {@link Registration}. A server holds many thousands: every field counts.
 * Members that are public here and not in the interface are for the multiplexer and its backends.
 */
export class RegistrationRecord<T> implements Registration<T>, BackendEntry {
  readonly #owner: RegistrationOwner<T>;
  /** The fd or object that it was registered by: an object finds it even when the fd has become invalid. */
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
  /** The events that the next wait will report without asking the kernel; 0 for none. */
  queuedEvents = 0;

  constructor(
    owner: RegistrationOwner<T>,
    source: FdLike,
    fd: number,
    generation: number,
    settings: RecordSettings<T>,
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
    return this.#owner.reportsErrors ? (this.events & POLLERR) !== 0 : undefined;
  }

  get isHangup(): boolean | undefined {
    return this.#owner.reportsErrors ? (this.events & POLLHUP) !== 0 : undefined;
  }

  get isReadClosed(): boolean | undefined {
    if (!this.#owner.reportsErrors) return undefined;
    const ended = POLLIN | POLLRDHUP;
    return (this.events & POLLHUP) !== 0 || (this.events & ended) === ended;
  }

  get isWriteClosed(): boolean | undefined {
    if (!this.#owner.reportsErrors) return undefined;
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
    const { events, state } = this;
    for (let readBytes = 0; readBytes < budgetBytes;) {
      const result = read();
      if (result === null) return 'drained';
      const bytes: unknown = typeof result === 'number' ? result : result.byteLength;
      checkInteger(bytes, 'the result of "read"', 0, Number.MAX_SAFE_INTEGER);
      // Once unregistered, the number may be another file's.
      if (bytes === 0 && (this.state === 'gone' || isEndOfFile(this.fd))) return 'ended';
      // The reader has paused or unregistered meanwhile: it wants no more.
      if (this.state !== state && !this.active) return 'queued';
      // An empty datagram counts: otherwise a flood of them would never use up the budget.
      readBytes += Math.max(bytes, 1);
    }
    if (this.state !== 'paused') this.#owner.requeue(this, events | POLLIN);
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
    if (this.trigger !== 'level' && this.trigger !== 'edge') this.state = 'disarmed';
  }
}

function toBudgetBytes(options: DrainOptions | undefined): number {
  if (options === undefined) return DEFAULT_DRAIN_BUDGET_BYTES;
  checkOptions(options, 'options', DRAIN_OPTIONS);
  const { budgetBytes = DEFAULT_DRAIN_BUDGET_BYTES } = options;
  checkInteger(budgetBytes, 'options.budgetBytes', 1, Number.MAX_SAFE_INTEGER);
  return budgetBytes;
}
