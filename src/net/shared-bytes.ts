/** Bytes to be written to many connections. */
import { toBytes } from '../arguments.js';

/**
 * Bytes to be written to many connections, copied once.
 *
 * Within one turn, the output arena also holds them once, however many connections you write them to, and everything
 * that the turn has for a connection still leaves in one send(2). Make one for each message of a broadcast:
 *
 * ```ts
 * const line = new SharedBytes(`${name} says ${text}\n`);
 * for (const member of room) member.write(line);
 * ```
 */
export class SharedBytes {
  /** The private copy. */
  readonly bytes: Buffer;
  /**
   * For the output arena alone: `arenaStart` is their position in it as long as `arenaStamp` is its current stamp.
   */
  arenaStamp = 0;
  arenaStart = 0;

  /**
   * @param bytes copied; a string is encoded as UTF-8
   * @throws ERR_INVALID_ARG_TYPE
   */
  constructor(bytes: string | Uint8Array);
  /** @internal @param isTaken whether `bytes` do not change from now on: then they are not copied */
  constructor(bytes: Uint8Array, isTaken: true);
  constructor(bytes: string | Uint8Array, isTaken?: true) {
    if (isTaken === true && Buffer.isBuffer(bytes)) this.bytes = bytes;
    else this.bytes = typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(toBytes(bytes));
  }

  /** How many bytes there are. */
  get byteLength(): number {
    return this.bytes.length;
  }
}
