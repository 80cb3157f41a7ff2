/** Connections on their way to another process: their fds by SCM_RIGHTS (unix(7)), what is known of each as JSON. */
import { type AdoptedState, type Connection, listen, type Listener, type Socket, type SocketHandlers } from 'fdmux';

/** A message begins with a letter that says what it is: a listening socket, a connection, its state, its bytes. */
type Kind = 'L' | 'C' | 'S' | 'U' | 'H' | 'E';

/** A message must fit into the link's buffer; what a slow client has not read, or half a long line, may not. */
const CHUNK_BYTES = 65_536;

function send(link: Socket, kind: Kind, bytes: Uint8Array = Buffer.alloc(0), fds: readonly number[] = []): void {
  const control = fds.length === 0 ? [] : [{ kind: 'rights' as const, fds }];
  link.sendMsg(Buffer.concat([Buffer.from(kind), bytes]), { control });
}

function sendInChunks(link: Socket, kind: Kind, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) send(link, kind, bytes.subarray(at, at + CHUNK_BYTES));
}

/** Tells the other process that everything has gone well so far. */
export const confirm = (link: Socket): void => send(link, 'E');

/** @throws if the other process does not say that everything has gone well */
export function expectConfirmation(link: Socket): void {
  if (link.recv(1)?.toString() !== 'E') throw new Error('the other process has failed');
}

/** Gives everything to the process at the other end of the link. @throws if it fails; then all connections stay */
export function giveAll<T>(link: Socket, listener: Listener<T>, connections: Iterable<Connection<T>>): void {
  const given = [...connections].flatMap((connection) => {
    try {
      return [{ data: connection.data, ...connection.release() }];
    } catch {
      return []; // It has just ended.
    }
  });
  try {
    send(link, 'L', undefined, [listener.fd]);
    for (const { fd, data, ended, unsent, held } of given) {
      send(link, 'C', undefined, [fd]);
      sendInChunks(link, 'S', Buffer.from(JSON.stringify({ data, ended })));
      sendInChunks(link, 'U', unsent);
      sendInChunks(link, 'H', held);
    }
    confirm(link);
    expectConfirmation(link);
  } catch (error) {
    // The fds are still open here, too.
    for (const { fd, ...state } of given) listener.adopt(fd, state);
    throw error;
  }
}

/** A connection as it arrives. */
class Arrival {
  readonly fd: number;
  readonly chunks: Record<'S' | 'U' | 'H', Buffer[]> = { S: [], U: [], H: [] };

  constructor(fd: number) {
    this.fd = fd;
  }

  toState<T>(): AdoptedState<T> {
    const state: AdoptedState<T> = JSON.parse(Buffer.concat(this.chunks.S).toString());
    return { ...state, unsent: Buffer.concat(this.chunks.U), held: Buffer.concat(this.chunks.H) };
  }
}

/** Takes everything from the process at the other end of the link, and serves it. */
export async function takeAll<T>(link: Socket, socket: SocketHandlers<T>): Promise<Listener<T>> {
  const taken: Arrival[] = [];
  let listenFd = -1;
  for (;;) {
    const message = link.recvMsg(CHUNK_BYTES + 1);
    if (message === null || message.data.length === 0) throw new Error('the old process is gone');
    const kind = message.data.toString('latin1', 0, 1);
    const [fd = -1] = message.control.flatMap((part) => (part.kind === 'rights' ? part.fds : []));
    if (kind === 'L') listenFd = fd;
    else if (kind === 'C') taken.push(new Arrival(fd));
    else if (kind === 'S' || kind === 'U' || kind === 'H') taken.at(-1)?.chunks[kind].push(message.data.subarray(1));
    else break;
  }
  const listener = await listen<T>({ fd: listenFd, ownsFd: true, socket });
  confirm(link);
  for (const arrival of taken) listener.adopt(arrival.fd, arrival.toState<T>());
  return listener;
}
