/** Both directions of a relay, from its start to its end. */
import { inspect, type InspectOptions } from 'node:util';
import { closedError, FdmuxError, toError } from '../errors.js';
import { summary } from '../inspect.js';
import type { Registration } from '../multiplexer/registration.js';
import { POLLERR, POLLHUP } from '../readiness/constants.js';
import { MEMORY_RETRY_MS } from '../socket/memory-shortage.js';
import { type IdleRelay, IdleRelays } from './idle-relays.js';
import { watchFor } from './interest.js';
import { leavePipes, usePipes } from './pipe-pool.js';
import type { Relay, RelayOutcome } from './relay.js';
import { type FlowOwner, RelayFlow } from './relay-flow.js';
import type { RelaySide } from './relay-side.js';
import type { Timer } from './timers.js';
import type { Turn } from './turn.js';
import type { Readiness } from './turn-driver.js';
import type { Lease } from './turn-lease.js';
import type { FdOwner } from './turn-member.js';

/** How long a terminal that was sent everything may send nothing before it is closed: an answer takes its time. */
const QUIET_MS = 500;

/** How a relay ends. */
type Ending = Pick<RelayOutcome, 'reason' | 'error' | 'failedEnd'>;

const IN_ORDER: Ending = { reason: 'ended', error: null, failedEnd: null };
const STOPPED: Ending = { reason: 'stopped', error: null, failedEnd: null };

/** The one class behind {@link Relay}. */
export class ServedRelay implements Relay, FlowOwner, IdleRelay {
  readonly idleTimeoutMs: number;
  readonly ended: Promise<RelayOutcome>;
  readonly #lease: Lease;
  readonly #a: WatchedSide;
  readonly #b: WatchedSide;
  /** From a to b, and back. */
  readonly #forth: RelayFlow;
  readonly #back: RelayFlow;
  readonly #resolve: (outcome: RelayOutcome) => void;
  /**
   * Set while neither side is waited for, because the kernel has no memory, or reports a readiness that does not exist.
   */
  #rest: Timer | undefined;
  /** Set while the end of a direction waits until the other one has nothing more to send. */
  #quiet: Timer | undefined;
  #outcome: Ending | undefined;

  /** Owns the sides from now on, and the lease. */
  constructor(a: RelaySide, b: RelaySide, lease: Lease, idleTimeoutMs: number) {
    this.idleTimeoutMs = idleTimeoutMs;
    let report: (outcome: RelayOutcome) => void = () => undefined;
    this.ended = new Promise((resolve) => (report = resolve));
    this.#resolve = report;
    this.#lease = lease;
    usePipes();
    this.#forth = new RelayFlow(a, b, this);
    this.#back = new RelayFlow(b, a, this);
    this.#a = new WatchedSide(a, this.#ownerOf(this.#forth, this.#back));
    this.#b = new WatchedSide(b, this.#ownerOf(this.#back, this.#forth));
    this.#start();
  }

  #start(): void {
    for (const flow of [this.#forth, this.#back]) {
      const exists = flow.source.kind.canRead && flow.target.kind.canWrite;
      if (!exists) flow.clear();
    }
    try {
      this.#a.watch(this.#turn);
      this.#b.watch(this.#turn);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#areFlowsOver) this.#end(IN_ORDER);
    else this.#updateInterest();
    if (!this.closed && this.idleTimeoutMs < Infinity) IdleRelays.of(this.#turn).add(this);
  }

  get #turn(): Turn {
    return this.#lease.turn;
  }

  get bytesToA(): number {
    return this.#back.givenBytes;
  }

  get bytesToB(): number {
    return this.#forth.givenBytes;
  }

  get movedBytes(): number {
    return this.bytesToA + this.bytesToB;
  }

  get closed(): boolean {
    return this.#outcome !== undefined;
  }

  stop(): void {
    this.#end(STOPPED);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    const { bytesToA, bytesToB, closed } = this;
    return summary('Relay', { a: this.#a.side.fd, b: this.#b.side.fd, bytesToA, bytesToB, closed }, depth, options);
  }

  #ownerOf(out: RelayFlow, into: RelayFlow): FdOwner {
    return {
      ready: (registration) => this.#ready(registration, out, into),
      // Nothing is lost, and the next wait reports the fd again.
      waitFailed: () => undefined,
      abandoned: (error) => this.#fail(error),
    };
  }

  #ready(registration: Readiness, out: RelayFlow, into: RelayFlow): void {
    if (this.closed) return;
    let hasMoved = false;
    if (registration.isReadable && out.waitsFor === 'source') hasMoved = this.#move(out);
    if (registration.isWritable && into.waitsFor === 'target') hasMoved = this.#move(into) || hasMoved;
    // A terminal whose other end is closed reports that for ever, though there may be nothing to do.
    const isHungUp = (registration.events & (POLLHUP | POLLERR)) !== 0;
    if (isHungUp && !hasMoved) this.flowStarved();
    else this.#updateInterest();
  }

  #move(flow: RelayFlow): boolean {
    if (this.closed) return false;
    for (const side of [flow.source, flow.target]) {
      if (!side.closed) continue;
      this.flowFailed(side, closedError('an end of the relay'));
      return false;
    }
    return flow.move();
  }

  timedOut(): void {
    this.#fail(new FdmuxError('ERR_IDLE_TIMEOUT', `no byte has moved for ${this.idleTimeoutMs} ms (idleTimeoutMs)`));
  }

  unwatchable(error: unknown): void {
    this.#fail(error);
  }

  flowEnded(flow: RelayFlow): void {
    if (this.#areFlowsOver) {
      this.#end(IN_ORDER);
    } else if (!flow.target.kind.isSocket) {
      // Only the close of this fd signals the end to its user.
      this.#endWhenQuiet(flow === this.#forth ? this.#back : this.#forth);
    }
  }

  #endWhenQuiet(flow: RelayFlow): void {
    const { givenBytes } = flow;
    try {
      this.#quiet = this.#turn.after(QUIET_MS, () => {
        // Bytes that the target does not take yet count as sent, too.
        if (flow.givenBytes !== givenBytes || flow.waitsFor === 'target') this.#endWhenQuiet(flow);
        else this.#end(IN_ORDER);
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  flowFailed(side: RelaySide, error: Error): void {
    const failedEnd = side === this.#a.side ? 'a' : 'b';
    const other = failedEnd === 'a' ? this.#b.side : this.#a.side;
    this.#end({ reason: 'failed', error, failedEnd });
    // Throws if other code has closed that fd, too.
    other.resetOnClose();
  }

  flowStarved(): void {
    if (this.closed || this.#rest !== undefined) return;
    try {
      this.#rest = this.#turn.after(MEMORY_RETRY_MS, this.#wake);
      this.#updateInterest();
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #wake = (): void => {
    this.#rest = undefined;
    this.#updateInterest();
  };

  get #areFlowsOver(): boolean {
    return this.#forth.waitsFor === 'nothing' && this.#back.waitsFor === 'nothing';
  }

  /** Asks the kernel for the events that are wanted now. */
  #updateInterest(): void {
    if (this.closed) return;
    const rests = this.#rest !== undefined;
    const forth = rests ? 'nothing' : this.#forth.waitsFor;
    const back = rests ? 'nothing' : this.#back.waitsFor;
    try {
      this.#a.want(forth === 'source', back === 'target');
      this.#b.want(back === 'source', forth === 'target');
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#end({ reason: 'failed', error: toError(error), failedEnd: null });
  }

  #end(outcome: Ending): void {
    if (this.closed) return;
    this.#outcome = outcome;
    this.#turn.defer(() => this.#finish(outcome));
  }

  #finish(outcome: Ending): void {
    this.#rest?.cancel();
    this.#quiet?.cancel();
    IdleRelays.of(this.#turn).delete(this);
    for (const flow of [this.#forth, this.#back]) flow.clear();
    for (const watched of [this.#a, this.#b]) {
      watched.unwatch(this.#turn);
      try {
        watched.side.close();
      } catch (error) {
        // Other code has closed it: that must be reported.
        this.#turn.fail(error);
      }
    }
    leavePipes();
    this.#lease.release();
    this.#resolve({ ...outcome, bytesToA: this.bytesToA, bytesToB: this.bytesToB });
  }
}

/** A side, and its interest in the kernel. */
class WatchedSide {
  readonly side: RelaySide;
  readonly #owner: FdOwner;
  #registration: Registration | undefined;
  #wantsRead = true;
  #wantsWrite = false;

  constructor(side: RelaySide, owner: FdOwner) {
    this.side = side;
    this.#owner = owner;
  }

  /** @throws the errors of registering */
  watch(turn: Turn): void {
    this.#registration = turn.watch(this.#owner, this.side.fd, { interest: 'read' });
  }

  unwatch(turn: Turn): void {
    if (this.#registration !== undefined) turn.unwatch(this.#owner, this.#registration);
  }

  /** Asks only if something has changed. @throws the errors of epoll_ctl(2) */
  want(read: boolean, write: boolean): void {
    if (this.#registration === undefined || (read === this.#wantsRead && write === this.#wantsWrite)) return;
    this.#wantsRead = read;
    this.#wantsWrite = write;
    watchFor(this.#registration, { read, write });
  }
}
