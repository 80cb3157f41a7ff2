/** The options of waits: for blocking ones the effect of signals, for asynchronous ones an AbortSignal. */
import {
  checkAbortSignal,
  checkArray,
  checkAttached,
  checkOneOf,
  checkOptions,
  type OptionNames,
} from '../arguments.js';
import { invalidArgType } from '../errors.js';
import { toSignalNumber } from './signal-number.js';

/** Options of a wait that blocks the thread. */
export interface SyncWaitOptions {
  /**
   * The effect of a signal that interrupts the wait. `'return'` (the default) ends the wait with nothing ready: Node.js
   * runs `process.on('SIGINT')` only when it has the thread back. `'retry'` goes on to the original deadline.
   */
  readonly onSignal?: 'return' | 'retry' | undefined;
  /**
   * The signals to block during the wait: names ('SIGINT') or numbers from 1 to 64. They replace the thread's mask
   * atomically, as in pselect(2), ppoll(2) and epoll_pwait(2).
   */
  readonly sigmask?: Iterable<NodeJS.Signals | number> | undefined;
}

/** Options of a wait that returns a promise. */
export interface AsyncWaitOptions {
  /** Ends the wait with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/** The option of a wait that returns a list of events. */
export interface IntoOption<Event> {
  /**
   * Takes the events: the array is emptied, filled and returned. A loop of synchronous waits that passes the same
   * options each time leaves nothing to the garbage collector. By default, each wait returns a new array.
   */
  readonly into?: Event[] | undefined;
}

export const SYNC_WAIT_OPTIONS: OptionNames<SyncWaitOptions> = { onSignal: true, sigmask: true };
export const ASYNC_WAIT_OPTIONS: OptionNames<AsyncWaitOptions> = { signal: true };

/** {@link SyncWaitOptions} in the binding's form. */
export interface SignalHandling {
  readonly retryOnSignal: boolean;
  readonly signalMask: readonly number[] | null;
}

const DEFAULT_HANDLING: SignalHandling = { retryOnSignal: false, signalMask: null };
/** The handling in a wait that goes on after a signal, and in every look. */
export const RETRYING: SignalHandling = { retryOnSignal: true, signalMask: null };
const ON_SIGNAL = ['return', 'retry'] as const;

/**
 * @param known the options that the call has, these among them
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION
 */
export function toSignalHandling(
  options: SyncWaitOptions | undefined,
  known: OptionNames<SyncWaitOptions> = SYNC_WAIT_OPTIONS,
): SignalHandling {
  if (options === undefined) return DEFAULT_HANDLING;
  checkOptions(options, 'options', known);
  const { onSignal = 'return', sigmask } = options;
  checkOneOf(onSignal, 'options.onSignal', ON_SIGNAL);
  const retryOnSignal = onSignal === 'retry';
  if (sigmask === undefined) return retryOnSignal ? RETRYING : DEFAULT_HANDLING;
  return { retryOnSignal, signalMask: toSignalMask(sigmask) };
}

/** Empties a list. @returns the list */
export function emptied<Item>(list: Item[]): Item[] {
  list.length = 0;
  return list;
}

/** Returns the array that takes the events; a new one if there is none. @throws ERR_INVALID_ARG_TYPE */
export function toResult<Event>(options: IntoOption<Event> | undefined): Event[] {
  const into = options?.into;
  if (into === undefined) return [];
  checkArray(into, 'options.into');
  return into;
}

/**
 * Whether a native wait needs no arguments about signals, as most do not: omitted, they cost nothing. A look is never
 * interrupted.
 */
export function hasDefaultHandling(
  timeoutMs: number,
  retryOnSignal: boolean,
  signalMask: readonly number[] | null,
): boolean {
  return signalMask === null && (!retryOnSignal || timeoutMs === 0);
}

/**
 * @param known the options that the call has, this one among them
 * @throws ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION
 */
export function toAbortSignal(
  options: AsyncWaitOptions | undefined,
  known: OptionNames<AsyncWaitOptions> = ASYNC_WAIT_OPTIONS,
): AbortSignal | undefined {
  if (options === undefined) return undefined;
  checkOptions(options, 'options', known);
  const { signal } = options;
  if (signal !== undefined) checkAbortSignal(signal);
  return signal;
}

/** @throws ERR_INVALID_ARG_TYPE, also for a string, which is not a list here */
export function checkIterable<Item>(value: Iterable<Item>, name: string): Iterable<Item> {
  const unchecked: unknown = value;
  if (typeof unchecked !== 'object' || unchecked === null || !(Symbol.iterator in unchecked)) {
    throw invalidArgType(name, 'an array or another iterable', value);
  }
  checkAttached(unchecked, name);
  return value;
}

function toSignalMask(sigmask: Iterable<unknown>): number[] {
  const name = 'options.sigmask';
  return Array.from(checkIterable(sigmask, name), (signal) => toSignalNumber(signal, name, 1));
}
