/** Bytes that many connections are to receive. */
import { toBytes } from '../arguments.js';

/**
 * Bytes to be written to many connections, copied here once.
 *
 * Within one turn they also exist once in the output arena, however many connections they are written to, and what one
 * turn has for a connection still leaves in one send(2). Make one for each message of a broadcast:
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
   * Where the arena has them: valid while `arenaStamp` is the current stamp of the turn that wrote it there. For the
   * turn alone.
   */
  arenaStamp = 0;
  arenaStart = 0;

  /**
   * @param bytes copied; a string is encoded as UTF-8
   * @throws ERR_INVALID_ARG_TYPE
   */
  constructor(bytes: string | Uint8Array) {
    this.bytes = typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(toBytes(bytes));
  }

  /** How many bytes there are. */
  get byteLength(): number {
    return this.bytes.length;
  }
}
