/** The shape of every error that fdmux throws, and our own codes. */

/** An error that a system call returned, shaped as Node.js shapes its own. */
export interface SystemError extends Error {
  /** The errno's name: 'EBADF'. */
  readonly code: string;
  /** The errno, negative, as in Node.js. */
  readonly errno: number;
  /** The call that failed: 'epoll_ctl'. */
  readonly syscall: string;
  /** The fd it failed on, where there is one. */
  readonly fd?: number;
}
