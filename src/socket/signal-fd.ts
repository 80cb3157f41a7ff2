/** Signals that can be waited for: signalfd(2). */
import { constants } from 'node:os';
import { native } from '../binding/load.js';
import { invalidArgType, outOfRange } from '../errors.js';
import { OpenFd } from '../readiness/open-fd.js';
import { toSignalName, toSignalNumber } from '../readiness/signal-number.js';
import { readBytes } from './blocking-io.js';
import { OwnedFd } from './owned-fd.js';

/** One signal, as {@link SignalFd.read} gives it: the parts of `struct signalfd_siginfo` that any signal may use. */
export interface SignalInfo {
  readonly signal: number;
  /** 'SIGUSR1'; `null` for a real-time signal. */
  readonly name: NodeJS.Signals | null;
  /** The cause: `SI_USER` is 0, `SI_QUEUE` -1; the others are the signal's own. */
  readonly code: number;
  /** The sending process. */
  readonly pid: number;
  /** The real user of that process. */
  readonly uid: number;
  /** `ssi_status`, which the kernel sets for SIGCHLD alone. */
  readonly status: number;
  /** The number that sigqueue(3) sent with it. */
  readonly value: number;
}

/** `struct signalfd_siginfo`. */
const INFO_BYTES = 128;
const RELAYED_CODE = 0x6664;
const { SIGBUS, SIGCHLD, SIGFPE, SIGILL, SIGKILL, SIGSEGV, SIGSTOP } = constants.signals;
/**
 * The kernel lets no process receive the first two; a thread that raises one of the others and goes on would raise it
 * again.
 */
const UNRECEIVABLE: ReadonlySet<number> = new Set([SIGKILL, SIGSTOP, SIGBUS, SIGFPE, SIGILL, SIGSEGV]);
const OFFSETS = { signal: 0, errno: 4, code: 8, pid: 12, uid: 16, status: 40, value: 44 };

/**
 * Receives signals as data, non-blocking and close-on-exec: readable while one of them is pending.
 *
 * Making it blocks its signals in the calling thread, and gives them a handler for the other threads of the process, to
 * which the kernel may deliver a signal that is sent to the process: a thread that takes one blocks it from then on and
 * sends it to the process again. No thread is interrupted before that. So a signal ends up here whichever thread takes
 * it, but the first ones may arrive a moment after they were sent, also when this process sent them, and be readable
 * and gone again while one thread after the other passes them on: wait until the fd is readable, and take `null` for an
 * answer.
 *
 * `process.on` listeners for these signals are not called any more, and one that is added later takes signals away. The
 * signals stay blocked after `close`: from then on they wait, pending, for another `SignalFd`. Child processes that
 * Node.js starts do not inherit this.
 *
 * Not for Bun, whose event loop unblocks every signal while it waits: a signal that arrives then ends the process.
 */
export class SignalFd extends OwnedFd {
  readonly #bytes = new Uint8Array(INFO_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);

  /**
   * @param signals names ('SIGUSR1') or numbers from 1 to 64. Not SIGKILL and SIGSTOP, which cannot be received; not
   *   SIGCHLD, without which `node:child_process` would never report an exit again (wait for a child by its {@link
   *   PidFd}); and not SIGSEGV, SIGBUS, SIGFPE and SIGILL, which a thread raises that cannot go on
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EMFILE, ENFILE
   */
  constructor(signals: readonly (NodeJS.Signals | number)[]) {
    if (!Array.isArray(signals)) throw invalidArgType('signals', 'an array of signals', signals);
    super(new OpenFd(native.signalFd(signals.map(toReceivable))), 'SignalFd', 'the signalfd');
  }

  /**
   * Takes the next pending signal.
   *
   * @returns `null` if none is pending
   * @throws ERR_CLOSED
   */
  read(): SignalInfo | null {
    if (readBytes(this.fd, this.#bytes, 0, INFO_BYTES) !== INFO_BYTES) return null;
    const signal = this.#view.getUint32(OFFSETS.signal, true);
    return {
      signal,
      name: toSignalName(signal),
      code: this.#code(),
      pid: this.#view.getUint32(OFFSETS.pid, true),
      uid: this.#view.getUint32(OFFSETS.uid, true),
      status: this.#view.getInt32(OFFSETS.status, true),
      value: this.#view.getInt32(OFFSETS.value, true),
    };
  }

  /** If another thread passed the signal on, native/signal_relay.cc has kept its code here. */
  #code(): number {
    const isRelayed = this.#view.getUint16(OFFSETS.errno + 2, true) === RELAYED_CODE;
    return isRelayed ? this.#view.getInt16(OFFSETS.errno, true) : this.#view.getInt32(OFFSETS.code, true);
  }
}

function toReceivable(signal: unknown): number {
  const number = toSignalNumber(signal, 'signals', 1);
  if (number === SIGCHLD) {
    throw outOfRange('signals', 'signals other than SIGCHLD, which node:child_process needs; use a PidFd', signal);
  }
  if (UNRECEIVABLE.has(number)) throw outOfRange('signals', 'signals that can be received', signal);
  return number;
}
