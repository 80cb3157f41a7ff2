/** The listening sockets of workers. They outlive each worker: while one is started again, new connections wait. */
import { listen } from '../net/listener.js';
import type { Place } from '../net/place.js';
import type { Address } from '../socket/address.js';
import { Descriptor } from '../socket/descriptor.js';
import { Socket } from '../socket/socket.js';

/** A place to listen on. */
export interface WantedSocket {
  readonly at: Place;
  /** The most connections that wait to be accepted, at least 1. */
  readonly backlog: number;
  /** A socket that listens there already, such as that of a service manager. It still belongs to the caller. */
  readonly given: number | undefined;
}

/** A place that all workers listen on. */
interface OpenPlace {
  readonly address: Address;
  readonly backlog: number;
  /** The socket of each worker, by name; null if all have the same one. */
  readonly own: Map<string, number> | null;
  /** The socket of all; null if each has its own. */
  readonly shared: { readonly fd: number; readonly isOwned: boolean } | null;
}

/**
 * On a port each worker has a socket of its own, and the kernel spreads connections over them (SO_REUSEPORT). A unix
 * socket, and the socket of a service manager, is shared by all.
 */
export class WorkerSockets {
  /** Null for a place that was left out. */
  readonly #places: (OpenPlace | null)[] = [];

  /** The addresses with their actual ports; null for places that were left out. */
  get addresses(): readonly (Address | null)[] {
    return this.#places.map((place) => place?.address ?? null);
  }

  /**
   * Adds the next place. A port is not shared with servers other than workers.
   *
   * @param borrowed - the sockets of workers that listen there already, by the workers' names; they are taken over
   * @throws as `listen` does; EADDRINUSE
   */
  async add({ at, backlog, given }: WantedSocket, borrowed: ReadonlyMap<string, number>): Promise<void> {
    const [found] = borrowed.values();
    if (given !== undefined) {
      this.#share(given, false, backlog);
      closeAll(borrowed.values());
    } else if (found !== undefined) {
      if ('path' in at) {
        this.#share(found, true, backlog);
        closeAll([...borrowed.values()].slice(1));
      } else {
        this.#places.push({ address: addressOf(found), backlog, own: new Map(borrowed), shared: null });
      }
    } else {
      const { fd, address } = await openSocket({ ...at, backlog });
      if ('path' in at) {
        this.#share(fd, true, backlog);
        return;
      }
      // While it is open, nobody else can share the port, and no worker can.
      Descriptor.fromFd(fd).close();
      this.#places.push({ address, backlog, own: new Map(), shared: null });
    }
  }

  #share(fd: number, isOwned: boolean, backlog: number): void {
    this.#places.push({ address: addressOf(fd), backlog, own: null, shared: { fd, isOwned } });
  }

  /** Leaves out the next place. */
  skip(): void {
    this.#places.push(null);
  }

  /** Returns the sockets of a worker, by place. They stay open here. @throws as `listen` does */
  async of(worker: string): Promise<ReadonlyMap<number, number>> {
    const fds = new Map<number, number>();
    for (const [index, place] of this.#places.entries()) {
      if (place !== null) fds.set(index, await socketOf(place, worker));
    }
    return fds;
  }

  /** Closes the own sockets of a worker: connections must not wait for a worker that does not start for a while. */
  drop(worker: string): void {
    for (const place of this.#places) {
      const fd = place?.own?.get(worker);
      if (fd === undefined) continue;
      place?.own?.delete(worker);
      Descriptor.fromFd(fd).close();
    }
  }

  /** Closes all of them, and removes the files of unix sockets. */
  async close(): Promise<void> {
    for (const place of this.#places.splice(0)) {
      closeAll(place?.own?.values() ?? []);
      if (place?.shared?.isOwned !== true) continue;
      const listener = await listen({ fd: place.shared.fd, ownsFd: true, socket: {} });
      await listener.close();
    }
  }
}

async function socketOf({ address, backlog, own, shared }: OpenPlace, worker: string): Promise<number> {
  if (shared !== null) return shared.fd;
  const known = own?.get(worker);
  if (known !== undefined) return known;
  if (!('host' in address)) throw new Error('only a port has a socket for each worker');
  const { host, port } = address;
  const { fd } = await openSocket({ host, port, backlog, reusePort: true });
  own?.set(worker, fd);
  return fd;
}

/** Opens a socket that listens, and accepts nobody. */
async function openSocket(
  options: Place & { readonly backlog: number; readonly reusePort?: boolean },
): Promise<{ readonly fd: number; readonly address: Address }> {
  const listener = await listen({ ...options, socket: {} });
  const { address } = listener;
  const fd = listener.release();
  await listener.close();
  return { fd, address };
}

function addressOf(fd: number): Address {
  const socket = Socket.fromFd(fd);
  try {
    return socket.getsockname();
  } finally {
    socket.detach();
  }
}

function closeAll(fds: Iterable<number>): void {
  for (const fd of fds) Descriptor.fromFd(fd).close();
}
