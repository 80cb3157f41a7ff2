/** The socket through which a worker lends its listening sockets to a process that looks after it. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { toError } from '../errors.js';
import type { Connection } from '../net/connection.js';
import { SocketFile } from '../net/socket-file.js';
import { closeFds } from '../socket/close-fds.js';
import { peerCredentialsOf } from '../socket/peer-credentials.js';
import { Socket } from '../socket/socket.js';
import { mayEnter, OwnerListener, type Visitor } from './owner-listener.js';
import { socketPath } from './socket-path.js';

/** The most connections at once. */
const MAX_CONNECTIONS = 32;
/** How long a worker may take to answer: a stopped one never answers. */
const ANSWER_MS = 2_000;
/** The most fds of one message: SCM_MAX_FD, unix(7). */
const MAX_FDS = 253;
const MAX_BYTES = 65_536;

/** A listening socket with the listener that it is for. */
export interface SocketOfListener {
  readonly fd: number;
  /** The number of the listener in the configuration that its owner has read. */
  readonly index: number;
  /** The listener, as data that JSON can hold; undefined from a version that did not say. */
  readonly place: unknown;
}

/** What a worker lends at a moment. */
export interface Offer {
  readonly sockets: readonly SocketOfListener[];
  /** Whether it takes nobody new any more, and ends when its clients have left. */
  readonly isDraining: boolean;
}

/** The loan of a worker. Its fds belong to the caller. */
export interface Lent extends Offer {
  /** The process. */
  readonly pid: number;
  /** Whether it has not answered: it may have sockets that it does not lend now. */
  readonly isSilent: boolean;
}

/** Follows the places in the message of a worker that drains. */
const DRAINING = 'draining';

const NOBODY: Visitor = { take: () => undefined, end: () => undefined };

/**
 * Returns what is lent now; the fds still belong to the caller. Null if that cannot be said: who asks learns which
 * process this is, and has to ask again.
 */
export type OfferNow = () => Offer | null;

/** The socket of one worker. */
export class LendingSocket {
  readonly #listener: OwnerListener;
  /** The file, if that is not the one that the listener was bound to. */
  readonly #file: SocketFile | null;

  private constructor(listener: OwnerListener, file: SocketFile | null) {
    this.#listener = listener;
    this.#file = file;
  }

  /** Opens it. @throws as `listen` does */
  static async open(
    folder: string,
    file: string,
    offer: OfferNow,
    onError: (error: Error) => void,
  ): Promise<LendingSocket> {
    return new LendingSocket(await listenAt(folder, file, offer, onError), null);
  }

  /**
   * Opens it in the place of the process before this one, which may still be there. There is a file at any time: a
   * control process that did not find it would start another worker of that name.
   *
   * @param files.next - the name of a file that is there for a moment
   * @throws as `listen` does; the errors of rename(2)
   */
  static async takeOver(
    folder: string,
    { file, next }: { readonly file: string; readonly next: string },
    offer: OfferNow,
    onError: (error: Error) => void,
  ): Promise<LendingSocket> {
    const listener = await listenAt(folder, next, offer, onError);
    try {
      renameSync(join(folder, next), join(folder, file));
      return new LendingSocket(listener, new SocketFile(join(folder, file)));
    } catch (error) {
      await listener.close();
      throw error;
    }
  }

  /** Closes it. The file of a process that has taken its place stays. */
  async close(): Promise<void> {
    this.#file?.remove();
    await this.#listener.close();
  }
}

function listenAt(
  folder: string,
  file: string,
  offer: OfferNow,
  onError: (error: Error) => void,
): Promise<OwnerListener> {
  return OwnerListener.open({
    folder,
    file,
    maxConnections: MAX_CONNECTIONS,
    accept: (connection) => {
      lend(connection, offer(), onError);
      return NOBODY;
    },
    onStranger: () => undefined,
    onError,
  });
}

function lend(connection: Connection, offer: Offer | null, onError: (error: Error) => void): void {
  const socket = Socket.fromFd(connection.release().fd);
  try {
    if (offer === null) return;
    const { sockets, isDraining } = offer;
    const control = sockets.length === 0 ? [] : [{ kind: 'rights' as const, fds: sockets.map(({ fd }) => fd) }];
    // A version that knows numbers alone reads no more of them than there are fds.
    const words: unknown[] = [...sockets.map(({ index }) => index), sockets.map(({ place }) => place)];
    if (isDraining) words.push(DRAINING);
    socket.sendMsg(JSON.stringify(words), { control });
  } catch (error) {
    onError(toError(error));
  } finally {
    socket.close();
  }
}

/**
 * Borrows the sockets of a worker.
 *
 * @returns null if there is no such worker
 */
export function borrowSockets(folder: string, file: string): Lent | null {
  const socket = Socket.create({ family: 'unix', blocking: true });
  try {
    const path = socketPath(folder, file);
    try {
      socket.connect({ family: 'unix', path: path.path });
    } finally {
      path.dispose();
    }
    const { uid, pid } = peerCredentialsOf(socket.fd);
    if (!mayEnter(uid)) return null;
    return { pid, ...receiveLoan(socket) };
  } catch {
    return null;
  } finally {
    socket.close();
  }
}

/** Returns the process of a worker, whether it answers or not; null if there is no such worker. */
export function processThatLends(folder: string, file: string): number | null {
  const lent = borrowSockets(folder, file);
  closeFds(lent?.sockets ?? []);
  return lent?.pid ?? null;
}

function receiveLoan(socket: Socket): Omit<Lent, 'pid'> {
  try {
    socket.setTimeout(ANSWER_MS);
    const message = socket.recvMsg(MAX_BYTES, { maxControlBytes: 16 + 4 * MAX_FDS });
    const fds = message?.control.flatMap((part) => (part.kind === 'rights' ? part.fds : [])) ?? [];
    const words: unknown = JSON.parse(message?.data.toString() ?? 'null');
    if (!Array.isArray(words)) return SILENCE;
    const last: unknown = words.at(fds.length);
    const places: readonly unknown[] = Array.isArray(last) ? last : [];
    const sockets = fds.map((fd, index) => ({ fd, index: Number(words[index]), place: places[index] }));
    return { sockets, isDraining: words.at(fds.length + 1) === DRAINING, isSilent: false };
  } catch {
    return SILENCE;
  }
}

const SILENCE: Omit<Lent, 'pid'> = { sockets: [], isDraining: false, isSilent: true };
