/** Signals that can be waited for: signalfd(2). */
import { constants } from 'node:os';

import { native } from '../binding.js';
import { invalidArgType, outOfRange } from '../errors.js';
import { OpenFd } from '../readiness/open-fd.js';
import { OwnedFd } from './owned-fd.js';
import { toSignalName, toSignalNumber } from './signal-number.js';

/** One signal, as {@link SignalFd.read} gives it: the parts of `struct signalfd_siginfo` that any signal may use. */
export interface SignalInfo {
  readonly signal: number;
  /** 'SIGUSR1'; `null` for a real-time signal. */
  readonly name: NodeJS.Signals | null;
  /** Why it was sent: `SI_USER` is 0, `SI_QUEUE` -1; the others are the signal's own. */
  readonly code: number;
  /** The sending process, or for SIGCHLD the child. */
  readonly pid: number;
  /** The real user of that process. */
  readonly uid: number;
  /** For SIGCHLD: the exit status, or the signal that ended the child. */
  readonly status: number;
  /** The number that sigqueue(3) sent with it. */
  readonly value: number;
}

/** `struct signalfd_siginfo`. */
const INFO_BYTES = 128;
const OFFSETS = { signal: 0, code: 8, pid: 12, uid: 16, status: 40, value: 44 };

/**
 * Receives signals as data, non-blocking and close-on-exec: readable while one of them is pending.
 *
 * Making it blocks its signals in every thread of the process, since the kernel would hand a blocked signal to any
 * thread that still takes it. `process.on` listeners for them are then not called, and they stay blocked after `close`:
 * from then on they wait, pending, for another `SignalFd`. Child processes that Node.js starts do not inherit this.
 *
 * Not for Bun, whose event loop unblocks every signal while it waits: there a signal that comes then ends the process.
 */
export class SignalFd extends OwnedFd {
  readonly #bytes = new Uint8Array(INFO_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);

  /**
   * @param signals names ('SIGUSR1') or numbers from 1 to 64; SIGKILL and SIGSTOP cannot be received
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EMFILE, ENFILE; EBUSY where every real-time signal is handled
   * already (one is borrowed to reach the other threads), ETIMEDOUT where a thread is stopped
   */
  constructor(signals: readonly (NodeJS.Signals | number)[]) {
    if (!Array.isArray(signals)) throw invalidArgType('signals', 'an array of signals', signals);
    super(new OpenFd(native.signalFd(signals.map(toReceivable))), 'SignalFd', 'the signalfd');
  }

  /**
   * Takes the next pending signal.
   *
   * @returns `null` where none is pending
   * @throws ERR_CLOSED
   */
  read(): SignalInfo | null {
    if (native.read(this.fd, this.#bytes, 0, INFO_BYTES) !== INFO_BYTES) return null;
    const signal = this.#view.getUint32(OFFSETS.signal, true);
    return {
      signal,
      name: toSignalName(signal),
      code: this.#view.getInt32(OFFSETS.code, true),
      pid: this.#view.getUint32(OFFSETS.pid, true),
      uid: this.#view.getUint32(OFFSETS.uid, true),
      status: this.#view.getInt32(OFFSETS.status, true),
      value: this.#view.getInt32(OFFSETS.value, true),
    };
  }
}

function toReceivable(signal: unknown): number {
  const number = toSignalNumber(signal, 'signals', 1);
  if (number === constants.signals.SIGKILL || number === constants.signals.SIGSTOP) {
    throw outOfRange('signals', 'signals that can be received', signal);
  }
  return number;
}
