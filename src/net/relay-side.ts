/** One of the two fds of a relay: its checks, and how it is read, written, ended and closed. */
import { constants } from 'node:fs';
import { checkObject, toFd } from '../arguments.js';
import { native } from '../binding/load.js';
import { busyError, closedError, hasCode, invalidArgType, systemError } from '../errors.js';
import { isWatched } from '../multiplexer/open-multiplexers.js';
import { O_ACCMODE, writeBytes } from '../socket/blocking-io.js';
import { ByteFd, readOrEnd } from '../socket/byte-fd.js';
import {
  F_GETFL,
  MSG_DONTWAIT,
  SHUT_WR,
  SO_ACCEPTCONN,
  SO_LINGER,
  SO_TYPE,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../socket/constants.js';
import type { OwnedFd } from '../socket/owned-fd.js';
import { Socket } from '../socket/socket.js';
import type { Connection } from './connection.js';
import { SecurityFacts } from './security-facts.js';
import { ServedConnection } from './served-connection.js';

/**
 * An end that `relay()` takes: a connection, a connected stream socket, a pipe, a terminal, any fd that can be waited
 * for.
 */
export type RelayEnd = Connection | Socket | ByteFd | number;

/** struct linger: close(2) resets the connection at once. */
const RESET_ON_CLOSE = new Uint8Array(Int32Array.of(1, 0).buffer);
const NOTHING = Buffer.alloc(0);

/** An fd that may be a side. Nothing has been done to it. */
export interface RelayCandidate {
  readonly fd: number;
  /** Takes the fd from its owner. */
  take(): RelaySide;
}

/** The kind of an fd. */
interface Kind {
  readonly isSocket: boolean;
  /** Whether the kernel moves its bytes without a copy. A device may give messages, which a pipe would join. */
  readonly canSplice: boolean;
  readonly canRead: boolean;
  readonly canWrite: boolean;
}

/** A side, which owns its fd. */
export class RelaySide {
  readonly fd: number;
  readonly kind: Kind;
  /** Bytes that were written to it and not taken by the kernel. */
  readonly unsent: Buffer;
  /** Bytes that were received from it, and are still to be given to the other side. */
  readonly held: Buffer;
  readonly #owner: OwnedFd | undefined;

  constructor(
    fd: number,
    kind: Kind,
    { owner, unsent = NOTHING, held = NOTHING }: { owner?: OwnedFd; unsent?: Buffer; held?: Buffer },
  ) {
    this.fd = fd;
    this.kind = kind;
    this.#owner = owner;
    this.unsent = unsent;
    this.held = held;
  }

  /** Whether other code has closed it. */
  get closed(): boolean {
    return this.#owner?.closed === true;
  }

  /** recv(2) or read(2). @returns the count, 0 at the end, or WOULD_BLOCK @throws their errors */
  read(bytes: Uint8Array): number {
    return this.kind.isSocket
      ? native.recv(this.fd, bytes, 0, bytes.length, MSG_DONTWAIT)
      : readOrEnd(this.fd, bytes, 0, bytes.length);
  }

  /** send(2) or write(2). @returns the count, or WOULD_BLOCK @throws their errors */
  write(bytes: Uint8Array): number {
    return this.kind.isSocket
      ? native.send(this.fd, bytes, 0, bytes.length, MSG_DONTWAIT)
      : writeBytes(this.fd, bytes, 0, bytes.length);
  }

  /** Signals to the peer that nothing follows. @throws the errors of shutdown(2) */
  endWriting(): void {
    if (!this.kind.isSocket) return;
    try {
      native.shutdown(this.fd, SHUT_WR);
    } catch (error) {
      // The peer has reset the connection, which the next read reports better.
      if (!hasCode(error, 'ENOTCONN')) throw error;
    }
  }

  /** Has `close` reset the connection, so that the peer does not take a part for the whole. */
  resetOnClose(): void {
    if (this.kind.isSocket && !this.closed) native.setSockOpt(this.fd, SOL_SOCKET, SO_LINGER, RESET_ON_CLOSE);
  }

  close(): void {
    if (this.#owner === undefined) native.close(this.fd);
    else this.#owner.close();
  }
}

/**
 * Checks an end of a relay. Nothing happens to it until `take` is called.
 *
 * @throws as `relay()`
 */
export function toRelayCandidate(end: RelayEnd, name: string): RelayCandidate {
  return end instanceof SecurityFacts ? ofConnection(end) : ofFd(end, name);
}

function ofConnection(connection: SecurityFacts): RelayCandidate {
  if (!(connection instanceof ServedConnection)) {
    throw busyError('the connection speaks TLS, whose keys are held elsewhere; stream.pipeline relays its toDuplex()');
  }
  connection.checkReleasable();
  if (!connection.isWritable) throw closedError("the connection's writing side");
  return {
    fd: connection.fd,
    take: () => {
      const { fd, unsent, held } = connection.surrender();
      return new RelaySide(fd, SOCKET, { unsent, held });
    },
  };
}

function ofFd(end: unknown, name: string): RelayCandidate {
  if (typeof end !== 'number') {
    checkObject(end, name);
    if (!(end instanceof ByteFd || end instanceof Socket)) {
      throw invalidArgType(name, 'a Connection, a Socket, a Descriptor or another fd of bytes, or a number', end);
    }
  }
  const fd = toFd(end, name);
  const kind = kindOf(fd);
  if (isWatched(fd)) throw systemError('EEXIST', 'relay', 'this fd is served or registered already', fd);
  return {
    fd,
    take: () => {
      native.setNonBlocking(fd, true);
      return new RelaySide(fd, kind, typeof end === 'object' ? { owner: end } : {});
    },
  };
}

const SOCKET: Kind = { isSocket: true, canSplice: true, canRead: true, canWrite: true };
const ALWAYS_READY: ReadonlySet<number> = new Set([constants.S_IFREG, constants.S_IFDIR, constants.S_IFBLK]);
/** The access modes of F_GETFL: O_RDONLY, O_WRONLY. */
const READ_ONLY = 0;
const WRITE_ONLY = 1;

function kindOf(fd: number): Kind {
  const type = native.fileType(fd);
  if (type === constants.S_IFSOCK) {
    checkConnected(fd);
    return SOCKET;
  }
  if (ALWAYS_READY.has(type)) {
    throw systemError('EPERM', 'relay', 'a file on a disk is always ready', fd);
  }
  const access = native.fcntl(fd, F_GETFL, 0) & O_ACCMODE;
  return {
    isSocket: false,
    canSplice: type === constants.S_IFIFO,
    canRead: access !== WRITE_ONLY,
    canWrite: access !== READ_ONLY,
  };
}

/** @throws EPROTOTYPE, EINVAL, ENOTCONN */
function checkConnected(fd: number): void {
  const type = native.getSockOpt(fd, SOL_SOCKET, SO_TYPE);
  if (type !== SOCK_STREAM) throw systemError('EPROTOTYPE', 'relay', 'the socket is no stream socket', fd);
  const listens = native.getSockOpt(fd, SOL_SOCKET, SO_ACCEPTCONN) !== 0;
  if (listens) throw systemError('EINVAL', 'relay', 'the socket listens', fd);
  native.getPeerName(fd);
}
