import { toFd } from '../arguments.js';

/**
 * An fd that is to be owned by the object that is constructed with it. Nobody outside this package can make one, so no
 * constructor takes over a bare number, such as standard input for a 0 that was passed by mistake: for that there is
 * `fromFd`.
 */
export class OpenFd {
  readonly number: number;

  /** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
  constructor(fd: number) {
    this.number = toFd(fd);
  }
}
