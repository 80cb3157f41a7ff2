/** Relays: the interface of one, and the start. */
import { checkInteger, checkOptions, MAX_INT32, type OptionNames } from '../arguments.js';
import { systemError } from '../errors.js';
import type { BackendName } from '../multiplexer/backend.js';
import { type RelayEnd, toRelayCandidate } from './relay-side.js';
import { toDriver } from './served-options.js';
import { ServedRelay } from './served-relay.js';
import type { TurnDriver } from './turn-driver.js';
import { leaseTurn } from './turn-lease.js';

/** Options of {@link relay}. */
export interface RelayOptions {
  /** How long no byte may move in either direction: 1 to 2^31-1 ms. By default a relay may be idle for ever. */
  readonly idleTimeoutMs?: number | undefined;
  /** The kernel interface; by default `'epoll'`. */
  readonly backend?: BackendName | undefined;
  /** A multiplexer of your own, which you wait on, in whichever form. `backend` is then its own. */
  readonly multiplexer?: TurnDriver | undefined;
}

/** How a relay has ended. */
export interface RelayOutcome {
  /** Both directions have ended in order, `stop()` was called, or an error has ended it. */
  readonly reason: 'ended' | 'stopped' | 'failed';
  /** Null unless the reason is `'failed'`. */
  readonly error: Error | null;
  /** The end that has failed; null without an error, and for an error of neither end, such as ERR_IDLE_TIMEOUT. */
  readonly failedEnd: 'a' | 'b' | null;
  readonly bytesToA: number;
  readonly bytesToB: number;
}

/** Two fds that exchange their bytes. */
export interface Relay extends Disposable {
  /** How many bytes the kernel has taken for `a`. */
  readonly bytesToA: number;
  /** How many bytes the kernel has taken for `b`. */
  readonly bytesToB: number;
  /** Whether it has ended; both fds are closed, or will be at the end of the turn. */
  readonly closed: boolean;
  /** Fulfilled when both fds are closed. It is never rejected: an error is part of the outcome. */
  readonly ended: Promise<RelayOutcome>;
  /** Closes both fds at the end of the turn. Bytes that are under way here are dropped. */
  stop(): void;
}

const OPTIONS: OptionNames<RelayOptions> = { idleTimeoutMs: true, backend: true, multiplexer: true };

/**
 * Moves the bytes of each of two fds to the other until both have ended: between sockets and pipes within the kernel
 * (splice(2)), else by copying. Bytes that one of them cannot take are not read from the other one.
 *
 * The end of one side's bytes is carried over by shutdown(2), and the other direction goes on. An fd that has no such
 * end, such as a terminal, is closed instead, when it has sent nothing for half a second. An error of one side closes
 * both, and resets the other one if it is a TCP connection, so that its peer does not take a part for the whole.
 *
 * @param a a connection, whose handlers are not called any more; a connected stream socket, a pipe, a terminal or any
 *   other fd that can be waited for, by its object or its number. It becomes non-blocking and belongs to the relay,
 *   which closes it. A direction from an fd that cannot be read, or to one that cannot be written, does not exist
 * @param b the same
 * @returns the relay, which has begun
 * @throws ERR_CLOSED (a connection that is destroyed, or was ended); ERR_BUSY (a connection that is a Duplex or speaks
 *   TLS); EPROTOTYPE (a socket that is no stream), EINVAL (listens), ENOTCONN (not connected, or not any more), EPERM
 *   (a file on a disk), EEXIST (served or registered here already, or twice the same fd), EBADF; ERR_INVALID_ARG_TYPE,
 *   ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION. Both then stay yours
 * @see splice(2), pipe(7)
 */
export function relay(a: RelayEnd, b: RelayEnd, options: RelayOptions = {}): Relay {
  checkOptions(options, 'options', OPTIONS);
  const { idleTimeoutMs } = options;
  if (idleTimeoutMs !== undefined) checkInteger(idleTimeoutMs, 'options.idleTimeoutMs', 1, MAX_INT32);
  const { multiplexer, backend } = toDriver(options);
  const first = toRelayCandidate(a, 'a');
  const second = toRelayCandidate(b, 'b');
  if (first.fd === second.fd) throw systemError('EEXIST', 'relay', 'both ends are the same fd', first.fd);
  const lease = leaseTurn(multiplexer, backend);
  return new ServedRelay(first.take(), second.take(), lease, idleTimeoutMs ?? Infinity);
}
