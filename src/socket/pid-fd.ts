/** Processes that can be waited for: pidfd_open(2). */
import { readFileSync } from 'node:fs';
import { checkInteger, MAX_INT32 } from '../arguments.js';
import { native } from '../binding/load.js';
import { closedError, systemError, toError } from '../errors.js';
import { leaseMultiplexer, type MultiplexerLease } from '../multiplexer/shared-multiplexer.js';
import { OpenFd } from '../readiness/open-fd.js';
import { toSignalName, toSignalNumber } from '../readiness/signal-number.js';
import { OwnedFd } from './owned-fd.js';

/** How a process ended; one of the two is `null`. */
export interface ExitStatus {
  /** Its exit code. */
  readonly code: number | null;
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | null;
}

/** A process that ended by itself: sigaction(2), CLD_EXITED. */
const CLD_EXITED = 1;

/**
 * Refers to a process by an fd, close-on-exec: it is readable once the process has ended, and never means another
 * process that got the same number. It works for any process, not only for children. The exit status stays with the
 * parent that reaps it, by {@link wait} if that is this process.
 */
export class PidFd extends OwnedFd {
  /** 0 if the process is not in this one's namespace, -1 if it is gone. */
  readonly pid: number;
  #status: ExitStatus | null = null;
  #waiting: Promise<ExitStatus> | undefined;
  #giveUp: (error: Error) => void = () => undefined;

  /** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ESRCH (no such process), EMFILE, ENOSYS (before Linux 5.3) */
  constructor(pid: number | OpenFd) {
    if (!(pid instanceof OpenFd)) checkInteger(pid, 'pid', 1, MAX_INT32);
    const fd = pid instanceof OpenFd ? pid : new OpenFd(native.pidFd(pid));
    super(fd, 'PidFd', 'the pidfd');
    this.pid = pid instanceof OpenFd ? pidOf(fd.number) : pid;
  }

  /**
   * Wraps a pidfd that exists: received by a socket, or inherited.
   *
   * @param fd belongs to the new object, which closes it; {@link detach} gives it back
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EBADF; EINVAL if it is no pidfd (it then stays the caller's)
   */
  static fromFd(fd: number): PidFd {
    checkInteger(fd, 'fd', 0, MAX_INT32);
    native.isNonBlocking(fd);
    pidOf(fd);
    return new PidFd(new OpenFd(fd));
  }

  /**
   * Takes the exit status of a child that has ended, which is no zombie from then on: waitid(2). Node.js takes the
   * status of the children that it has started itself.
   *
   * @returns `null` while it runs; afterwards always the same status
   * @throws ERR_CLOSED; ECHILD (no child of this process, or taken by other code), EINVAL (before Linux 5.4)
   */
  tryWait(): ExitStatus | null {
    const { fd } = this;
    if (this.#status !== null) return this.#status;
    const ending = native.pidFdWait(fd);
    if (ending === null) return null;
    const [how, status] = ending;
    this.#status = how === CLD_EXITED ? { code: status, signal: null } : { code: null, signal: toSignalName(status) };
    return this.#status;
  }

  /**
   * Waits for the end of a child, and takes its status as {@link tryWait} does. The process stays alive meanwhile.
   *
   * @returns rejects as {@link tryWait} throws, with ERR_CLOSED also if this is closed meanwhile
   */
  wait(): Promise<ExitStatus> {
    return (this.#waiting ??= this.#awaitExit());
  }

  async #awaitExit(): Promise<ExitStatus> {
    const status = this.tryWait();
    if (status !== null) return status;
    let lease: MultiplexerLease | undefined;
    try {
      return await new Promise<ExitStatus>((resolve, reject) => {
        this.#giveUp = reject;
        lease = leaseMultiplexer('epoll', { waitFailed: () => undefined, givenUp: reject });
        lease.multiplexer.register(this.fd, {
          interest: 'read',
          onReady: (registration) => {
            registration.unregister();
            settle(resolve, reject, () => this.tryWait());
          },
        });
      });
    } finally {
      lease?.release();
    }
  }

  /** Closes it; a wait that is under way fails with ERR_CLOSED. */
  override close(): void {
    super.close();
    this.#giveUp(closedError('the pidfd'));
  }

  protected override inspected(): Readonly<Record<string, unknown>> {
    return { ...super.inspected(), pid: this.pid };
  }

  /**
   * Sends the process a signal: pidfd_send_signal(2).
   *
   * @param signal a name ('SIGTERM'), or a number from 0 to 64; 0 only checks. Default: 'SIGTERM'
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ESRCH (it has ended), EPERM
   */
  sendSignal(signal: NodeJS.Signals | number = 'SIGTERM'): void {
    native.pidFdSendSignal(this.fd, toSignalNumber(signal, 'signal', 0));
  }
}

/** Settles a promise with the result of a call, unless that is `null`. */
function settle<Result>(
  resolve: (result: Result) => void,
  reject: (error: Error) => void,
  call: () => Result | null,
): void {
  try {
    const result = call();
    if (result !== null) resolve(result);
  } catch (error) {
    reject(toError(error));
  }
}

/** The kernel reports it with the fd: proc_pid_fdinfo(5). */
function pidOf(fd: number): number {
  const pid = /^Pid:\s*(-?\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
  if (pid === undefined) throw systemError('EINVAL', 'pidfd', 'invalid argument', fd);
  return Number(pid);
}
