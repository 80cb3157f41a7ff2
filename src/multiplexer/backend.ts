/** The interface of select, poll and epoll under a multiplexer: the few verbs in which they differ. */
import { checkOneOf } from '../arguments.js';
import type { PollSetOwner } from '../readiness/poll-set.js';
import type { Waiter } from '../readiness/waiter.js';
import { environmentVariable } from '../runtime.js';
import type { InterestMask } from './interest.js';

/** The kernel interface that a multiplexer uses. */
export type BackendName = 'epoll' | 'poll' | 'select';

/** Best first. */
export const BACKEND_NAMES = ['epoll', 'poll', 'select'] as const satisfies readonly BackendName[];

/**
 * The backend of a program that names none: epoll, or the one in the environment variable FDMUX_BACKEND, so that you
 * can try a program on another backend without changing it.
 *
 * @throws ERR_OUT_OF_RANGE when the variable names no backend
 */
export function defaultBackend(): BackendName {
  const named = environmentVariable('FDMUX_BACKEND') ?? 'epoll';
  checkOneOf(named, 'FDMUX_BACKEND', BACKEND_NAMES);
  return named;
}

/**
 * When readiness is reported. `'level'`: at each wait, for as long as it lasts. `'edge'`: when something new happens;
 * then go on until the call would block. `'oneshot'`: once, then not again until `rearm()`. `'edge-oneshot'`: both.
 */
export type Trigger = 'level' | 'edge' | 'oneshot' | 'edge-oneshot';

export const TRIGGERS = ['level', 'edge', 'oneshot', 'edge-oneshot'] as const satisfies readonly Trigger[];

/** The triggers that a backend has. They are the kernel's own: none is emulated. */
export type TriggerOf<Backend extends BackendName> = Backend extends 'epoll' ? Trigger : 'level';

const TRIGGERS_OF_BACKENDS: { readonly [B in BackendName]: readonly TriggerOf<B>[] } = {
  epoll: TRIGGERS,
  poll: ['level'],
  select: ['level'],
};

/** The triggers that a backend has. */
export function triggersOf(backend: BackendName): readonly Trigger[] {
  return TRIGGERS_OF_BACKENDS[backend];
}

/** The part of a registration that a backend sees. Its `pollIndex` is the backend's own. */
export interface BackendEntry extends PollSetOwner {
  readonly fd: number;
  /** Distinguishes the registrations of one fd number: an integer from 0 to 2^32-1. */
  readonly generation: number;
  readonly interestMask: InterestMask;
  readonly trigger: Trigger;
  readonly exclusive: boolean;
  /** Whether it wants events now: neither paused nor disarmed. */
  readonly active: boolean;
  /** Whether the backend has it in its set. Only the backend writes it. */
  watched: boolean;
  /** Takes an event. */
  becomeReady(events: number): void;
}

/** Takes the findings of a call. */
export interface ReadySink<Entry extends BackendEntry> {
  /** How many it has taken. */
  readonly length: number;
  /** Whether another thread asked for the wait to end. */
  woken: boolean;
  push(entry: Entry): void;
  sort(compare: (one: Entry, other: Entry) => number): void;
}

/** One kernel call and its set of fds. */
export interface Backend<Entry extends BackendEntry> {
  readonly name: BackendName;
  readonly triggers: readonly Trigger[];
  /** Whether an entry can be exclusive (EPOLLEXCLUSIVE). */
  readonly hasExclusive: boolean;
  /** Whether errors and hangups are reported as such. */
  readonly reportsErrors: boolean;
  /** Whether a waiter works on a copy of the set, which a change does not reach until it is started again. */
  readonly holdsCopyOfSet: boolean;
  /** Whether a wait would report something that the kernel does not know about. */
  readonly hasReady: boolean;
  /** Whether the waiter's report costs more than the call itself: then it pays to look first. */
  readonly isWaiterCostly: boolean;
  /** How many events arrived for registrations that were gone. */
  readonly staleEvents: number;
  /** How many of the calls the event loop's handle has made, see `directWaits` of the multiplexer's options. */
  readonly directWaits: number;
  /** How many times the kernel's set was rebuilt to get rid of stale events. */
  readonly rebuilds: number;

  /** Puts an active entry into the set. If it throws, the set is as before. */
  add(entry: Entry): void;
  /** Applies a changed interest or trigger of an active entry, and arms it again. */
  modify(entry: Entry): void;
  /** Takes an entry out, whatever has become of its fd. */
  remove(entry: Entry): void;
  /** Makes the call end at once whenever this fd is readable. The fd itself is never reported. */
  watchWakeup(fd: number): void;

  /**
   * Makes the call and appends the ready entries.
   *
   * @returns how many events there were, used or not; 0 when the time was up or a signal arrived
   */
  wait(
    ready: ReadySink<Entry>,
    timeoutMs: number,
    retryOnSignal: boolean,
    signalMask: readonly number[] | null,
  ): number;

  /** Opens a waiter that reports when the call would find something. */
  openWaiter(report: () => void): Waiter;
  close(): void;
}
