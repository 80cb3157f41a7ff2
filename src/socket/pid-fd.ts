/** Processes that can be waited for: pidfd_open(2). */
import { checkInteger, MAX_INT32 } from '../arguments.js';
import { native } from '../binding/load.js';
import { OpenFd } from '../readiness/open-fd.js';
import { toSignalNumber } from '../readiness/signal-number.js';
import { OwnedFd } from './owned-fd.js';

/**
 * Names a process by its fd, close-on-exec: it is readable once the process has ended, and never means another process
 * that got the same number. It works for any process, not only for children. The exit status stays with whoever reaps
 * it.
 */
export class PidFd extends OwnedFd {
  readonly pid: number;

  /** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ESRCH (no such process), EMFILE, ENOSYS (before Linux 5.3) */
  constructor(pid: number) {
    checkInteger(pid, 'pid', 1, MAX_INT32);
    super(new OpenFd(native.pidFd(pid)), 'PidFd', 'the pidfd');
    this.pid = pid;
  }

  protected override inspected(): Readonly<Record<string, unknown>> {
    return { ...super.inspected(), pid: this.pid };
  }

  /**
   * Sends the process a signal: pidfd_send_signal(2).
   *
   * @param signal a name ('SIGTERM'), or a number from 0 to 64, where 0 only checks. Default: 'SIGTERM'
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ESRCH (it has ended), EPERM
   */
  sendSignal(signal: NodeJS.Signals | number = 'SIGTERM'): void {
    native.pidFdSendSignal(this.fd, toSignalNumber(signal, 'signal', 0));
  }
}
