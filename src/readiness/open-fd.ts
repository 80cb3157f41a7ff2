import { toFd } from '../arguments.js';

/**
 * An fd for the object that is constructed with it, which then owns it. Code outside this package cannot make one, so
 * no constructor takes over a bare number, such as standard input for a 0 that was passed by mistake. `fromFd` does
 * that.
 */
export class OpenFd {
  readonly number: number;

  /** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
  constructor(fd: number) {
    this.number = toFd(fd);
  }
}
