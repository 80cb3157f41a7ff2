/** Accepts batches of connections from a listening socket, and survives temporary failures. */
import { constants } from 'node:os';
import type { NativeBinding } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { present, toError } from '../errors.js';
import type { Registration } from '../multiplexer/registration.js';
import { errnoError } from '../socket/errno-error.js';
import type { Timer } from './timers.js';
import type { Turn } from './turn.js';
import type { FdOwner } from './turn-member.js';

/** How many connections one turn accepts: the others are served between two such batches. */
const ACCEPT_BATCH = 64;
/** sizeof(struct sockaddr_storage). */
const ADDRESS_BYTES = 128;
/** How long nothing is accepted when there are no fds left, unless a connection closes meanwhile. */
const EXHAUSTED_MS = 100;

const { EAGAIN, ECONNABORTED, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, EPROTO } = constants.errno;
const { ENETDOWN, ENOPROTOOPT, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, ETIMEDOUT } = constants.errno;
/**
 * Errors of the pending connection, not of the listening socket: accept(2). The next one may succeed.
 */
const TRANSIENT: ReadonlySet<number> = new Set([
  ...[EAGAIN, ECONNABORTED, EINTR, EPERM, EPROTO],
  ...[ENETDOWN, ENOPROTOOPT, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, ETIMEDOUT],
]);
/** Trying again at once would spin: the connection stays in the queue, and the listening socket ready. */
const EXHAUSTED: ReadonlySet<number> = new Set([EMFILE, ENFILE, ENOBUFS, ENOMEM]);

/** The system call that the loop makes, for a batch of connections. */
export type AcceptCalls = Pick<NativeBinding, 'acceptMany'>;

/** A socket that listens. */
export interface AcceptSource {
  readonly fd: number;
  /** Whether the socket belongs to the user, who may also accept from it elsewhere. */
  readonly isShared: boolean;
  /** Whether one of several threads that wait for it is woken. */
  readonly exclusive: boolean;
  readonly backlog: number;
}

/** Takes the accepted connections and the errors. */
export interface AcceptSink {
  /** Takes a connection over. @param remote the peer's sockaddr, as latin1: a third of the memory of an array */
  take(fd: number, remote: string): void;
  /** accept4(2) has failed, or it cannot go on. */
  failed(error: Error): void;
  /** The socket is useless now: nothing more will be accepted from it. */
  ended(): void;
}

/** Accepts from one socket until it is stopped. */
export class AcceptLoop {
  readonly #turn: Turn;
  readonly #owner: FdOwner;
  readonly #source: AcceptSource;
  readonly #sink: AcceptSink;
  readonly #calls: AcceptCalls;
  readonly #registration: Registration;
  readonly #results = new Int32Array(2 * ACCEPT_BATCH);
  readonly #addresses = Buffer.alloc(ADDRESS_BYTES * ACCEPT_BATCH);
  #retry: Timer | undefined;
  #isTaking = false;
  #isStopped = false;

  /** @param owner is ready when connections wait, and calls {@link takeBatch} */
  constructor(turn: Turn, owner: FdOwner, source: AcceptSource, sink: AcceptSink, calls: AcceptCalls = native) {
    this.#turn = turn;
    this.#owner = owner;
    this.#source = source;
    this.#sink = sink;
    this.#calls = calls;
    // Always level-triggered: a batch may leave connections in the queue.
    this.#registration = turn.watch(owner, source.fd, { interest: 'read', exclusive: source.exclusive });
  }

  /** Whether a batch is being taken: the socket must stay. */
  get isTaking(): boolean {
    return this.#isTaking;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether it rests until there are fds and memory again. */
  get isResting(): boolean {
    return this.#retry !== undefined;
  }

  /**
   * Takes the waiting connections, up to one batch.
   *
   * @param room the most that may be taken, at least 1
   * @returns 0, or the errno that cut the batch short, for {@link recover}
   */
  takeBatch(room: number): number {
    // The user's socket may be shared: each turn leaves connections for the others.
    return this.#take(this.#source.isShared ? 1 : Math.min(room, ACCEPT_BATCH));
  }

  #take(wanted: number): number {
    const { fd, isShared } = this.#source;
    this.#isTaking = true;
    // If the user's socket is a blocking one, accept4(2) would block if another thread or process was faster.
    const accepted = this.#calls.acceptMany(fd, this.#results, this.#addresses, wanted, isShared);
    const failure = accepted < wanted ? -present(this.#results[2 * accepted], 'the result of an accept') : 0;
    for (let i = 0; i < accepted; i += 1) {
      const start = ADDRESS_BYTES * i;
      const end = start + present(this.#results[2 * i + 1], 'the length of an address');
      this.#sink.take(present(this.#results[2 * i], 'an accepted fd'), this.#addresses.toString('latin1', start, end));
    }
    this.#isTaking = false;
    return failure;
  }

  /** Acts on the errno of a batch: the loop goes on at once, rests for a while, or ends. */
  recover(errno: number): void {
    if (errno === 0 || TRANSIENT.has(errno)) return;
    this.#sink.failed(errnoError(errno, 'accept4', this.#source.fd));
    // The error handler has closed the listener.
    if (this.#isStopped) return;
    if (!EXHAUSTED.has(errno)) {
      this.#sink.ended();
      return;
    }
    this.rest(EXHAUSTED_MS);
  }

  /** Takes nothing for so long, unless {@link resume} is called. */
  rest(delayMs: number): void {
    this.#registration.pause();
    this.#retry = this.#turn.after(delayMs, this.resume);
  }

  /** Goes on after a rest. */
  readonly resume = (): void => {
    this.#retry?.cancel();
    this.#retry = undefined;
    if (this.#isStopped) return;
    try {
      this.#registration.resume();
    } catch (error) {
      this.#sink.failed(toError(error));
      this.#sink.ended();
    }
  };

  /**
   * Stops accepting.
   *
   * @param takesWaiting whether to take the connections that wait already; closing the socket would reset them
   */
  stop(takesWaiting: boolean): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    if (takesWaiting) this.#takeWaiting();
    this.#turn.unwatch(this.#owner, this.#registration);
    this.#isStopped = true;
  }

  /** Takes at most as many as the socket's queue holds. */
  #takeWaiting(): void {
    for (let left = this.#source.backlog + 1; left > 0; left -= ACCEPT_BATCH) {
      const failure = this.#take(ACCEPT_BATCH);
      const isOver = failure === EAGAIN || !(failure === 0 || TRANSIENT.has(failure));
      if (!isOver) continue;
      if (failure !== EAGAIN) this.#sink.failed(errnoError(failure, 'accept4', this.#source.fd));
      return;
    }
  }

  ref(): void {
    this.#registration.ref();
  }

  unref(): void {
    this.#registration.unref();
  }
}
