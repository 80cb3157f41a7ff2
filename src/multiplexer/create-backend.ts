/** The backend that the options of a multiplexer ask for. */
import { checkBoolean, checkInteger, checkOneOf, checkOptions, type OptionNames } from '../arguments.js';
import { MAX_EVENTS_LIMIT } from '../readiness/event-buffer.js';
import { epollWaiterKind, type WaiterKind } from '../readiness/waiter.js';
import { environmentVariable } from '../runtime.js';
import { type Backend, BACKEND_NAMES, type BackendEntry, type BackendName, defaultBackend } from './backend.js';
import { EpollBackend } from './epoll-backend.js';
import { PollBackend } from './poll-backend.js';
import { SelectBackend } from './select-backend.js';

/** Options of {@link Multiplexer}. */
export interface MultiplexerOptions<B extends BackendName = BackendName> {
  /** The kernel interface to use; by default `'epoll'`. */
  readonly backend?: B | undefined;
  /** How many events one wait takes from epoll at most, 1 to 1,048,576. By default a wait takes them all. */
  readonly maxEvents?: number | undefined;
  /**
   * How to treat an fd that epoll does not watch (EPERM: regular files, directories). `'error'`, the default:
   * registering it throws. `'ready'`: it counts as always ready to read and write, as in poll and select.
   */
  readonly unpollable?: 'error' | 'ready' | undefined;
  /**
   * How asynchronous waits meet the event loop. By default `'uv'` for epoll under Node.js, and `'thread'` otherwise;
   * poll and select have only `'thread'`.
   */
  readonly waiter?: (B extends 'epoll' ? WaiterKind : 'thread') | undefined;
  /**
   * Whether `run` waits in epoll_wait(2) instead of the event loop while one batch follows another within a
   * millisecond. Anything else that wants the loop ends such a wait. It needs the waiter `'uv'` and at most 1,024
   * registered fds. `performance.eventLoopUtilization()` counts these waits as active. By default true, unless the
   * environment variable FDMUX_DIRECT_WAITS is 0, or under Electron, whose loop must not be held up.
   */
  readonly directWaits?: boolean | undefined;
  /**
   * How long a wait looks repeatedly before it blocks, in microseconds: 0 to 1,000, by default 0, which is never.
   * Events that arrive meanwhile are seen without waking a thread, which may take longer than everything else. The
   * price: a thread that spins keeps its processor core busy, and keeps others from it. For a program that has a core
   * for each such thread, and events that follow each other within that time.
   *
   * Two forms of wait spin: a `run` that waits directly (see `directWaits`: that ends when nothing happens for a few
   * milliseconds, and with it the spinning), and a synchronous wait whose `onSignal` is `'retry'`, since a look does
   * not notice a signal.
   */
  readonly spinUs?: number | undefined;
}

/** A spin bridges the time of a wake-up; it does not replace waiting. */
export const MAX_SPIN_US = 1_000;

const OPTIONS: OptionNames<MultiplexerOptions> = {
  backend: true,
  maxEvents: true,
  unpollable: true,
  waiter: true,
  directWaits: true,
  spinUs: true,
};

/**
 * @param entries by fd: the entry that is registered now
 * @param onRebuild called when the backend has another epoll fd
 * @throws EMFILE, ENFILE (epoll_create1); ERR_UNSUPPORTED_PLATFORM, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE,
 *   ERR_UNKNOWN_OPTION
 */
export function createBackend<Entry extends BackendEntry, B extends BackendName>(
  options: MultiplexerOptions<B>,
  entries: readonly (Entry | undefined)[],
  onRebuild: () => void,
): Backend<Entry> {
  checkOptions(options, 'options', OPTIONS);
  const { maxEvents, unpollable = 'error', spinUs = 0 } = options;
  const backend: BackendName = options.backend ?? defaultBackend();
  const waiter: WaiterKind | undefined = options.waiter;
  checkOneOf(backend, 'options.backend', BACKEND_NAMES);
  checkOneOf(unpollable, 'options.unpollable', ['error', 'ready']);
  const allowsDirectWaits = options.directWaits ?? directWaitsByDefault();
  checkBoolean(allowsDirectWaits, 'options.directWaits');
  checkInteger(spinUs, 'options.spinUs', 0, MAX_SPIN_US);
  if (maxEvents !== undefined) checkInteger(maxEvents, 'options.maxEvents', 1, MAX_EVENTS_LIMIT);
  if (backend === 'epoll') {
    const acceptsUnpollable = unpollable === 'ready';
    const waiterKind = epollWaiterKind(waiter);
    return new EpollBackend({
      waiterKind,
      allowsDirectWaits,
      spinUs,
      maxEvents,
      acceptsUnpollable,
      entries,
      onRebuild,
    });
  }
  if (waiter !== undefined) checkOneOf(waiter, 'options.waiter', ['thread']);
  return backend === 'poll' ? new PollBackend() : new SelectBackend();
}

/** @throws ERR_OUT_OF_RANGE when the variable is neither 0 nor 1 */
function directWaitsByDefault(): boolean {
  const named = environmentVariable('FDMUX_DIRECT_WAITS') ?? '1';
  checkOneOf(named, 'FDMUX_DIRECT_WAITS', ['0', '1']);
  return named === '1' && process.versions['electron'] === undefined;
}
