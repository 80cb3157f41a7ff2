import { WOULD_BLOCK } from '../binding/contract.js';
import { readBytes, writeBytes } from './blocking-io.js';
import { OwnedFd } from './owned-fd.js';

/** A descriptor whose reads and writes are single unsigned 64-bit numbers: an eventfd, a timerfd. */
export abstract class CounterFd extends OwnedFd {
  readonly #word = new BigUint64Array(1);
  readonly #bytes = new Uint8Array(this.#word.buffer);

  /** @returns `null` if it would block @throws ERR_CLOSED */
  protected readNumber(): bigint | null {
    const count = readBytes(this.fd, this.#bytes, 0, this.#bytes.byteLength);
    return count === WOULD_BLOCK ? null : (this.#word[0] ?? 0n);
  }

  /** @returns false if it would block @throws ERR_CLOSED */
  protected writeNumber(number: bigint): boolean {
    const fd = this.fd;
    this.#word[0] = number;
    return writeBytes(fd, this.#bytes, 0, this.#bytes.byteLength) !== WOULD_BLOCK;
  }
}
