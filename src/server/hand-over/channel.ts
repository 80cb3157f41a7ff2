/** The channel between a process that hands over and the one that takes over: parts with their bytes and their fds. */
import { FdmuxError } from '../../errors.js';
import { MSG_DONTWAIT } from '../../socket/constants.js';
import type { Socket } from '../../socket/socket.js';
import type { SendMsgOptions } from '../../socket/socket-types.js';

/** One thing that is handed over. */
export interface Part {
  /** The name of its kind. */
  readonly kind: string;
  /** The known facts about it, as JSON. */
  readonly facts: unknown;
  readonly fds: readonly number[];
}

/** The most fds of one part: SCM_MAX_FD, unix(7). */
export const MAX_FDS = 253;

/** A message has to fit into the send buffer of a socket, whatever the system's default is. */
const CHUNK_BYTES = 65_536;
/** Room for as many fds behind the head of a control message, which is padded: cmsg(3). */
const MAX_CONTROL_BYTES = 16 + 4 * MAX_FDS + 4;
/** The first byte of a message: whether the part goes on in the next one. */
const GOES_ON = 1;
const ENDS = 0;
/** So much may wait here until the other process takes it. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** One message of a part. */
interface Message {
  readonly bytes: Uint8Array;
  readonly control: NonNullable<SendMsgOptions['control']>;
}

/** Sends and receives parts on one end of a pair of SEQPACKET sockets, whose calls wait. */
export class HandOverChannel implements Disposable {
  readonly #socket: Socket;
  /** Those that the socket has not taken yet. */
  #waiting: Message[] = [];
  #waitingBytes = 0;

  /** @param timeoutMs how long a call may wait for the other process */
  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    socket.setTimeout(timeoutMs);
  }

  /**
   * Sends a part, after those before it.
   *
   * @param fds - at most {@link MAX_FDS}; they stay open here
   * @throws ETIMEDOUT, EPIPE if the other process does not read, or is gone
   */
  send(kind: string, facts: unknown = null, fds: readonly number[] = []): void {
    this.#add(kind, facts, fds);
    this.#flush();
  }

  /**
   * Sends as much of a part as the other process has room for; the rest leaves with the next parts. So this process
   * makes these while the other one is busy. {@link send} has to follow.
   *
   * @param fds - as for `send`; they have to stay open until then
   * @throws as `send`
   */
  sendSoon(kind: string, facts: unknown, fds: readonly number[]): void {
    this.#add(kind, facts, fds);
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#flush();
    else this.#sendWaiting(MSG_DONTWAIT);
  }

  #add(kind: string, facts: unknown, fds: readonly number[]): void {
    const bytes = Buffer.from(JSON.stringify({ kind, facts }));
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const isLast = at + CHUNK_BYTES >= bytes.length;
      const message = Buffer.concat([Buffer.of(isLast ? ENDS : GOES_ON), bytes.subarray(at, at + CHUNK_BYTES)]);
      const control = isLast && fds.length > 0 ? [{ kind: 'rights' as const, fds: [...fds] }] : [];
      this.#waiting.push({ bytes: message, control });
      this.#waitingBytes += message.length;
    }
  }

  #flush(): void {
    this.#sendWaiting(0);
  }

  #sendWaiting(flags: number): void {
    let sent = 0;
    for (const { bytes, control } of this.#waiting) {
      if (this.#socket.sendMsg(bytes, { control, flags }) === null) break;
      this.#waitingBytes -= bytes.length;
      sent += 1;
    }
    this.#waiting = this.#waiting.slice(sent);
  }

  /** @throws ETIMEDOUT; ERR_CLOSED if the other process is gone; SyntaxError for anything that is not a part */
  receive(): Part {
    const chunks: Buffer[] = [];
    for (;;) {
      const message = this.#socket.recvMsg(CHUNK_BYTES + 1, { maxControlBytes: MAX_CONTROL_BYTES });
      if (message === null || message.data.length === 0) {
        throw new FdmuxError('ERR_CLOSED', 'the other process has ended');
      }
      chunks.push(message.data.subarray(1));
      if (message.data[0] === GOES_ON) continue;
      const part: unknown = JSON.parse(Buffer.concat(chunks).toString());
      const kind: unknown = Reflect.get(Object(part), 'kind');
      if (typeof kind !== 'string') throw new SyntaxError('a part without a kind');
      return { kind, facts: Reflect.get(Object(part), 'facts'), fds: message.fds };
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
