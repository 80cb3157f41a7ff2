/** The registrations of a multiplexer: found in constant time, and changed together with the kernel's set. */
import { checkBoolean, checkOneOf, checkOptions, type FdLike, type OptionNames, toFd } from '../arguments.js';
import { closedError, notRegisteredError, systemError, unsupportedTriggerError } from '../errors.js';
import type { LoopWait } from '../readiness/loop-wait.js';
import { ALWAYS_REPORTED } from '../readiness/lost-events.js';
import { type Backend, type BackendName, type Trigger, TRIGGERS } from './backend.js';
import { bindHandler } from './handler.js';
import { toInterestMask, toPollEvents } from './interest.js';
import type { RegisterOptions, RegisterSettings, RegistrationChanges } from './registration.js';
import { type RecordSettings, type RegistrationOwner, RegistrationRecord } from './registration-record.js';
import type { Requeued } from './requeued.js';

const REGISTER_OPTIONS: OptionNames<RegisterSettings<unknown> & { readonly data: unknown }> = {
  interest: true,
  trigger: true,
  exclusive: true,
  onReady: true,
  data: true,
};

const CHANGES: OptionNames<RegistrationChanges<unknown>> = { interest: true, trigger: true, data: true };

/** The multiplexer's side of a {@link Registry}, which its records affect. */
export interface RegistrySurroundings<T> {
  readonly backend: Backend<RegistrationRecord<T>>;
  /** Looks again when the set has changed. */
  readonly loop: LoopWait;
  readonly requeued: Requeued<T>;
}

export class Registry<T, B extends BackendName = BackendName> implements RegistrationOwner<T> {
  /** By fd. */
  readonly #records: (RegistrationRecord<T> | undefined)[];
  /** By the object that it was registered by, if it was one. */
  readonly #bySource = new Map<object, RegistrationRecord<T>>();
  /** By the options of our own code, which do not change: they have been checked. */
  #checked = new WeakMap<object, RecordSettings<T>>();
  #backend: Backend<RegistrationRecord<T>>;
  readonly #loop: LoopWait;
  readonly #requeued: Requeued<T>;
  #closed = false;
  #size = 0;
  /** How many registrations keep the process alive. */
  #refCount = 0;
  #generation = 0;

  /** @param records an empty array, by fd, which the backend reads */
  constructor(records: (RegistrationRecord<T> | undefined)[], surroundings: RegistrySurroundings<T>) {
    this.#records = records;
    this.#backend = surroundings.backend;
    this.#loop = surroundings.loop;
    this.#requeued = surroundings.requeued;
    this.#loop.setNeeded(false);
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  get size(): number {
    return this.#size;
  }

  get reportsErrors(): boolean {
    return this.#backend.reportsErrors;
  }

  /** Has another backend watch the records from now on, which are in its set already. */
  useBackend(backend: Backend<RegistrationRecord<T>>): void {
    this.#backend = backend;
    this.#checked = new WeakMap();
  }

  /** The records in the order of registering. */
  inOrder(): RegistrationRecord<T>[] {
    return [...this].sort((one, other) => one.generation - other.generation);
  }

  /** @throws ERR_CLOSED */
  checkOpen(): void {
    if (this.#closed) throw closedError('the multiplexer');
  }

  checkRegistered(record: RegistrationRecord<T>): void {
    this.checkOpen();
    if (record.state === 'gone') throw notRegisteredError(record.fd);
  }

  /** Registers an fd. Nothing has changed if it throws. */
  add(source: FdLike, options: RegisterOptions<T, B>): RegistrationRecord<T> {
    this.checkOpen();
    const fd = toFd(source);
    const settings = this.#toSettings(options);
    this.#generation = (this.#generation + 1) >>> 0;
    const record = new RegistrationRecord<T>(this, source, fd, this.#generation, settings);
    if (this.#records[fd] !== undefined) {
      throw systemError('EEXIST', 'register', 'this fd is registered already', fd);
    }
    this.#backend.add(record);
    this.#records[fd] = record;
    if (typeof source === 'object') this.#bySource.set(source, record);
    this.#size += 1;
    this.#refCount += 1;
    this.#changed();
    return record;
  }

  /** The registration of the fd that `source` has now. */
  get(source: FdLike): RegistrationRecord<T> | undefined {
    return this.#records[toFd(source)];
  }

  /**
   * The registration by `source`, or of its fd. @throws ERR_CLOSED, ERR_NOT_REGISTERED, ERR_INVALID_ARG_TYPE,
   * ERR_OUT_OF_RANGE
   */
  find(source: FdLike): RegistrationRecord<T> {
    this.checkOpen();
    // The fd of a closed socket object may be invalid by now, or another's.
    const bySource = typeof source === 'object' ? this.#bySource.get(source) : undefined;
    const record = bySource ?? this.#records[toFd(source)];
    if (record === undefined) throw notRegisteredError(toFd(source));
    return record;
  }

  /** In the order of their fds. */
  *[Symbol.iterator](): Generator<RegistrationRecord<T>, void, undefined> {
    // An array with an fd of a million is sparse: its values, not its indices, are walked.
    for (const record of Object.values(this.#records)) if (record !== undefined) yield record;
  }

  modify(record: RegistrationRecord<T>, changes: RegistrationChanges<T, B>): void {
    this.checkRegistered(record);
    checkOptions(changes, 'changes', CHANGES);
    const { interest, trigger } = changes;
    const interestMask = interest === undefined ? record.interestMask : toInterestMask(interest);
    const newTrigger: Trigger = trigger ?? record.trigger;
    this.#checkTrigger(newTrigger);
    if ('data' in changes) record.data = changes.data;
    // The other triggers are armed again, whether anything has changed or not.
    const isSame = record.interestMask === interestMask && record.trigger === newTrigger && newTrigger === 'level';
    if (isSame || (interest === undefined && trigger === undefined)) return;
    record.interestMask = interestMask;
    record.trigger = newTrigger;
    if (record.queuedEvents !== 0) record.queuedEvents &= toPollEvents(interestMask) | ALWAYS_REPORTED;
    if (record.state !== 'paused') this.#arm(record, 'modify');
  }

  pause(record: RegistrationRecord<T>): void {
    this.checkRegistered(record);
    if (record.state === 'paused') return;
    this.#backend.remove(record);
    silence(record, 'paused');
    this.#changed();
  }

  resume(record: RegistrationRecord<T>): void {
    this.checkRegistered(record);
    if (record.state === 'paused') this.#arm(record, 'add');
  }

  rearm(record: RegistrationRecord<T>): void {
    this.checkRegistered(record);
    if (record.state !== 'paused' && record.trigger !== 'level') this.#arm(record, 'modify');
  }

  unregister(record: RegistrationRecord<T>): void {
    if (record.state === 'gone') return;
    this.#backend.remove(record);
    this.#records[record.fd] = undefined;
    const { source } = record;
    if (typeof source === 'object' && this.#bySource.get(source) === record) this.#bySource.delete(source);
    this.#size -= 1;
    if (record.keepsAlive) this.#refCount -= 1;
    silence(record, 'gone');
    this.#changed();
  }

  requeue(record: RegistrationRecord<T>, events: number): void {
    this.#requeued.push(record, events);
    this.#loop.lookSoon();
  }

  setRef(record: RegistrationRecord<T>, keepsAlive: boolean): void {
    if (record.keepsAlive === keepsAlive) return;
    record.keepsAlive = keepsAlive;
    if (record.state === 'gone') return;
    this.#refCount += keepsAlive ? 1 : -1;
    this.#loop.setNeeded(this.#refCount > 0);
  }

  /** Ends every registration. The backend keeps its set: it is closed next. */
  close(): void {
    this.#closed = true;
    for (const record of this) silence(record, 'gone');
    this.#records.length = 0;
    this.#bySource.clear();
    this.#requeued.clear();
    this.#size = 0;
    this.#refCount = 0;
  }

  /** A server registers each connection with the same options, and checking them costs as much as a system call. */
  #toSettings(options: RegisterOptions<T, B>): RecordSettings<T> {
    const checked = this.#checked.get(options);
    if (checked !== undefined) return checked;
    const settings = this.#checkSettings(options);
    // Handlers of users are bound each time, to the async context of the call.
    const isOurs = options.onReady !== undefined && settings.onReady === options.onReady;
    if (isOurs) this.#checked.set(options, settings);
    return settings;
  }

  #checkSettings(options: RegisterOptions<T, B>): RecordSettings<T> {
    checkOptions(options, 'options', REGISTER_OPTIONS);
    const { interest, data } = options;
    assertIsData(data);
    const trigger: Trigger = options.trigger ?? 'level';
    const exclusive: boolean = options.exclusive ?? false;
    const interestMask = toInterestMask(interest, 'options.interest');
    this.#checkTrigger(trigger);
    checkBoolean(exclusive, 'options.exclusive');
    const { name, hasExclusive } = this.#backend;
    if (exclusive && !hasExclusive) throw unsupportedTriggerError('exclusive', name);
    const onReady = options.onReady === undefined ? undefined : bindHandler(options.onReady, 'options.onReady');
    return { interestMask, trigger, exclusive, onReady, data };
  }

  #checkTrigger(trigger: Trigger): void {
    checkOneOf(trigger, 'trigger', TRIGGERS);
    if (!this.#backend.triggers.includes(trigger)) throw unsupportedTriggerError(trigger, this.#backend.name);
  }

  /** Has the kernel watch a registration. If it will not watch it any more, the registration is over. */
  #arm(record: RegistrationRecord<T>, verb: 'add' | 'modify'): void {
    record.state = 'active';
    try {
      if (verb === 'add') this.#backend.add(record);
      else this.#backend.modify(record);
    } catch (error) {
      this.unregister(record);
      throw error;
    }
    this.#changed();
  }

  /** The set has changed: a wait under way must take account of it. */
  #changed(): void {
    this.#loop.setNeeded(this.#refCount > 0);
    // The kernel applies changes of an epoll set itself; a thread in poll or select holds a copy of the set.
    if (this.#backend.holdsCopyOfSet || this.#backend.hasReady) this.#loop.lookSoon();
  }
}

/**
 * {@link RegisterOptions} lets data be missing only if T includes undefined; the compiler cannot follow that.
 */
function assertIsData<T>(_data: T | undefined): asserts _data is T {
  // Nothing to check at run time.
}

/** No event of a registration is delivered any more, not even one that was found already. */
function silence<T>(record: RegistrationRecord<T>, state: 'paused' | 'gone'): void {
  record.state = state;
  record.events = 0;
  record.queuedEvents = 0;
}
