/** The listening sockets of workers. They outlive each worker: while one is started again, new connections wait. */
import { hasCode } from '../errors.js';
import { listen } from '../net/listener.js';
import type { Place } from '../net/place.js';
import type { Address } from '../socket/address.js';
import { closeFds } from '../socket/close-fds.js';
import { Socket } from '../socket/socket.js';
import type { SocketOfListener } from './lent-sockets.js';

/** A place to listen on. */
export interface WantedSocket {
  readonly at: Place;
  /** The most connections that wait to be accepted, at least 1. */
  readonly backlog: number;
  /** A socket that listens there already, such as that of a service manager. It still belongs to the caller. */
  readonly given: number | undefined;
}

/** A place that all workers listen on. */
export interface OpenPlace {
  readonly address: Address;
  readonly backlog: number;
  /** The socket of each worker, by name; null if all have the same one. */
  readonly own: Map<string, number> | null;
  /** The socket of all; null if each has its own. */
  readonly shared: { readonly fd: number; readonly isOwned: boolean } | null;
}

const NOBODY: ReadonlyMap<string, number> = new Map();

/**
 * On a port each worker has a socket of its own, and the kernel spreads connections over them (SO_REUSEPORT). A unix
 * socket, and the socket of a service manager, is shared by all.
 */
export class WorkerSockets {
  /** Null for a place that was left out. */
  #places: (OpenPlace | null)[] = [];
  readonly #describe: (index: number) => unknown;

  /** @param describe - returns the listener of a place, as data that JSON can hold */
  constructor(describe: (index: number) => unknown) {
    this.#describe = describe;
  }

  /** The addresses with their actual ports; null for places that were left out. */
  get addresses(): readonly (Address | null)[] {
    return this.#places.map((place) => place?.address ?? null);
  }

  /** Adds the next place; null leaves it out. */
  add(place: OpenPlace | null): void {
    this.#places.push(place);
  }

  /**
   * Has other places from now on.
   *
   * @param wanted - the numbers of places that stay, others that were opened, and null for those that are left out
   * @returns the places that are not among them; they have to be closed when no worker listens there any more
   */
  change(wanted: readonly (number | OpenPlace | null)[]): readonly (OpenPlace | null)[] {
    const places = wanted.map((place) => (typeof place === 'number' ? (this.#places[place] ?? null) : place));
    const dropped = this.#places.filter((place) => !places.includes(place));
    this.#places = places;
    return dropped;
  }

  /** Returns the sockets of a worker. They stay open here. @throws as `listen` does */
  async of(worker: string): Promise<readonly SocketOfListener[]> {
    const sockets: SocketOfListener[] = [];
    for (const [index, place] of this.#places.entries()) {
      if (place === null) continue;
      sockets.push({ index, fd: await socketOf(place, worker), place: this.#describe(index) });
    }
    return sockets;
  }

  /**
   * Returns the sockets that a running worker may not have yet: those that it shares with others, and own ones that are
   * opened for it now. They stay open here.
   *
   * @throws as `listen` does
   */
  async lackedBy(worker: string): Promise<readonly SocketOfListener[]> {
    const known = new Set(this.#places.map((place) => place?.own?.get(worker)));
    const sockets = await this.of(worker);
    return sockets.filter(({ fd }) => !known.has(fd));
  }

  /** Takes over what a worker listens on, by the numbers of places. Sockets that are known, or shared, are closed. */
  take(worker: string, sockets: ReadonlyMap<number, number>): void {
    for (const [index, fd] of sockets) {
      const own = this.#places[index]?.own;
      if (own?.has(worker) === false) own.set(worker, fd);
      else closeFds([fd]);
    }
  }

  /** Closes the own sockets of a worker: connections must not wait for a worker that does not start for a while. */
  drop(worker: string): void {
    for (const place of this.#places) {
      const fd = place?.own?.get(worker);
      if (fd === undefined) continue;
      place?.own?.delete(worker);
      closeFds([fd]);
    }
  }

  /** Closes the own socket of a worker at a place. @returns its address; null if it has none of its own there */
  dropAt(worker: string, index: number): Address | null {
    const place = this.#places[index];
    const fd = place?.own?.get(worker);
    if (fd === undefined) return null;
    place?.own?.delete(worker);
    closeFds([fd]);
    return place?.address ?? null;
  }

  /** Closes all of them here. Other processes go on with them, and the files of unix sockets stay. */
  leave(): void {
    for (const place of this.#places.splice(0)) {
      closeFds(place?.own?.values() ?? []);
      if (place?.shared?.isOwned === true) closeFds([place.shared.fd]);
    }
  }

  /** Closes all of them, and removes the files of unix sockets. */
  close(): Promise<void> {
    return closePlaces(this.#places.splice(0));
  }
}

/** Closes places, and removes the files of unix sockets. */
export async function closePlaces(places: readonly (OpenPlace | null)[]): Promise<void> {
  for (const place of places) {
    closeFds(place?.own?.values() ?? []);
    if (place?.shared?.isOwned !== true) continue;
    const listener = await listen({ fd: place.shared.fd, ownsFd: true, socket: {} });
    await listener.close();
  }
}

/** Who may listen on a port already, when a place is opened. */
export interface Neighbours {
  /** The sockets of workers that listen there, by the workers' names; they are taken over. */
  readonly borrowed: ReadonlyMap<string, number>;
  /** Called if somebody else listens there who lets workers share the port. @defaultValue it is not shared */
  readonly shared?: (() => void) | undefined;
}

/**
 * Opens a place. A port is not shared with servers other than workers.
 *
 * @throws as `listen` does; EADDRINUSE
 */
export async function openPlace(
  { at, backlog, given }: WantedSocket,
  { borrowed, shared }: Neighbours = { borrowed: NOBODY },
): Promise<OpenPlace> {
  const [found] = borrowed.values();
  if (given !== undefined) {
    const place = sharedPlace(given, false, backlog);
    closeFds(borrowed.values());
    return place;
  }
  if (found === undefined) return openNewPlace(at, backlog, shared);
  if (!('path' in at)) return { address: addressOf(found), backlog, own: new Map(borrowed), shared: null };
  const place = sharedPlace(found, true, backlog);
  closeFds([...borrowed.values()].slice(1));
  return place;
}

async function openNewPlace(at: Place, backlog: number, shared: Neighbours['shared']): Promise<OpenPlace> {
  const { fd, address } = await openSocket({ ...at, backlog }).catch(async (error: unknown) => {
    if (shared === undefined || 'path' in at || !hasCode(error, 'EADDRINUSE')) throw error;
    // The kernel lets nobody share the port but processes of this user that have opened it as workers do.
    const opened = await openSocket({ ...at, backlog, reusePort: true });
    shared();
    return opened;
  });
  if ('path' in at) return sharedPlace(fd, true, backlog);
  // While it is open, nobody else can share the port, and no worker can.
  closeFds([fd]);
  return { address, backlog, own: new Map(), shared: null };
}

function sharedPlace(fd: number, isOwned: boolean, backlog: number): OpenPlace {
  return { address: addressOf(fd), backlog, own: null, shared: { fd, isOwned } };
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
