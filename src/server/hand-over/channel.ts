/** The channel between a process that hands over and the one that takes over: parts with their bytes and their fd. */
import { FdmuxError } from '../../errors.js';
import type { Socket } from '../../socket/socket.js';

/** One thing that is handed over. */
export interface Part {
  /** The name of its kind. */
  readonly kind: string;
  /** The known facts about it, as JSON. */
  readonly facts: unknown;
  /** Its fd; null without one. */
  readonly fd: number | null;
}

/** A message has to fit into the send buffer of a socket, whatever the system's default is. */
const CHUNK_BYTES = 65_536;
const MAX_CONTROL_BYTES = 256;
/** The first byte of a message: whether the part goes on in the next one. */
const GOES_ON = 1;
const ENDS = 0;

/** Sends and receives parts on one end of a pair of SEQPACKET sockets, whose calls wait. */
export class HandOverChannel implements Disposable {
  readonly #socket: Socket;

  /** @param timeoutMs how long a call may wait for the other process */
  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    socket.setTimeout(timeoutMs);
  }

  /** @throws ETIMEDOUT, EPIPE if the other process does not read, or is gone */
  send(kind: string, facts: unknown = null, fd: number | null = null): void {
    const bytes = Buffer.from(JSON.stringify({ kind, facts }));
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const isLast = at + CHUNK_BYTES >= bytes.length;
      const message = Buffer.concat([Buffer.of(isLast ? ENDS : GOES_ON), bytes.subarray(at, at + CHUNK_BYTES)]);
      const control = isLast && fd !== null ? [{ kind: 'rights' as const, fds: [fd] }] : [];
      this.#socket.sendMsg(message, { control });
    }
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
      const [fd = null] = message.control.flatMap((part) => (part.kind === 'rights' ? part.fds : []));
      const part: unknown = JSON.parse(Buffer.concat(chunks).toString());
      const kind: unknown = Reflect.get(Object(part), 'kind');
      if (typeof kind !== 'string') throw new SyntaxError('a part without a kind');
      return { kind, facts: Reflect.get(Object(part), 'facts'), fd };
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
