/** The tasks of a worker of a control process that a server by itself does not have. */
import { closeSync, writeSync } from 'node:fs';
import { borrowSockets, LendingSocket } from '../control/lent-sockets.js';
import type { Verbs } from '../control/request.js';
import { controlFileOf, lendingFileOf, loanFileOf } from '../control/worker-files.js';
import { takeWorkerFds, type WorkerFds } from '../control/worker-process.js';
import { toError } from '../errors.js';
import type { ChatServer, Loan } from '../server/chat-server.js';
import type { ListenerConfig, ServerConfig } from '../server/config/server-config.js';
import type { InheritedSocket } from '../server/listeners.js';
import type { Log } from '../server/log.js';
import { isAtSamePlace, matchListeners } from '../server/matching-listeners.js';
import { workerVerbs } from '../server/worker-verbs.js';
import { REAL_WORLD, type World } from '../server/world.js';
import { closeFds } from '../socket/close-fds.js';

/** The control process decides what workers listen on. */
export const WORKER_WORLD: World = { ...REAL_WORLD, mayChangeListeners: false };

export class WorkerRole {
  readonly #name: string;
  readonly #folder: string;
  readonly #log: Log;
  /** The fds that it was started with; null if it goes on for another process, or has reported that it is ready. */
  #fds: WorkerFds | null;
  #lending: LendingSocket | null = null;
  /** The sockets that it listens on. */
  #sockets: ReadonlyMap<ListenerConfig, InheritedSocket> = new Map();
  /** New ones, while the configuration is read again at the request of the control process. */
  #loan: Loan | null = null;
  /** The last change of what it lends. It does not reject. */
  #moving: Promise<void> = Promise.resolve();

  private constructor(name: string, folder: string, log: Log) {
    this.#name = name;
    this.#folder = folder;
    this.#log = log;
    this.#fds = takeWorkerFds(process.env);
  }

  /** Returns the role of this process; null for a server by itself. */
  static of(name: string | undefined, { store }: ServerConfig, log: Log): WorkerRole | null {
    return name === undefined || store?.kind !== 'control' ? null : new WorkerRole(name, store.path, log);
  }

  /** The name of its control socket's file. */
  get controlFile(): string {
    return controlFileOf(this.#name);
  }

  /** Its verbs beside those of every server. */
  verbs(server: ChatServer): Verbs {
    return workerVerbs(server);
  }

  /** The sockets that it was started with. */
  inherited(config: ServerConfig): ReadonlyMap<ListenerConfig, InheritedSocket> {
    return socketsOf(config, this.#fds?.listeners ?? new Map<number, number>());
  }

  /** Returns a configuration without the listeners that this worker has no socket for: their ports are taken. */
  withoutPlaces(config: ServerConfig, sockets: ReadonlyMap<ListenerConfig, InheritedSocket>): ServerConfig {
    const has = (listener: ListenerConfig): boolean =>
      [...sockets.keys()].some((each) => isAtSamePlace(each, listener));
    for (const listener of config.listeners) {
      if (has(listener) || listener.isOptional) continue;
      this.#log.warn('a listener waits for a reload by the control process', {
        protocol: listener.protocol,
        ...listener.at,
      });
    }
    return { ...config, listeners: config.listeners.filter(has) };
  }

  /** Borrows what a configuration that was read again adds. @returns that configuration, as far as there are sockets */
  reread(read: ServerConfig): ServerConfig {
    this.#loan?.settle(false);
    const lent = borrowSockets(this.#folder, loanFileOf(this.#name));
    if (lent === null) return this.withoutPlaces(read, this.#sockets);
    const sockets = socketsOf(read, lent.fds);
    const config = this.withoutPlaces(read, new Map([...this.#sockets, ...sockets]));
    this.#loan = {
      sockets,
      settle: (isTaken) => {
        this.#loan = null;
        if (isTaken) this.#moveTo(read, sockets);
        else closeFds(sockets.values());
      },
    };
    return config;
  }

  /** The sockets for the configuration that was read last; null if the control process does not change them. */
  get loan(): Loan | null {
    return this.#loan;
  }

  /** Has the sockets of another configuration from now on. */
  #moveTo(read: ServerConfig, added: ReadonlyMap<ListenerConfig, InheritedSocket>): void {
    const left = new Map(this.#sockets);
    const sockets = new Map(added);
    for (const [listener, before] of matchListeners(read.listeners, [...left.keys()])) {
      const socket = left.get(before);
      if (socket === undefined || sockets.has(listener)) continue;
      left.delete(before);
      sockets.set(listener, socket);
    }
    // A socket of a port on which nobody accepts would keep its share of the connections waiting.
    closeFds(left.values());
    this.#sockets = sockets;
    this.#moving = this.#closeLending().then(() => this.serve(read, sockets));
  }

  /** Opens the socket by which the control process reaches it. Without that it serves, too. */
  async serve(config: ServerConfig, sockets: ReadonlyMap<ListenerConfig, InheritedSocket>): Promise<void> {
    this.#sockets = sockets;
    const places = config.listeners.map((listener) => sockets.get(listener)?.fd);
    const fds = new Map(places.flatMap((fd, index) => (fd === undefined ? [] : [[index, fd] as const])));
    const onError = (error: Error): void => {
      this.#log.error('the control process is not answered', { error: error.message });
    };
    try {
      this.#lending = await LendingSocket.open(this.#folder, lendingFileOf(this.#name), fds, onError);
    } catch (error) {
      onError(toError(error));
    }
  }

  /** Reports that it serves. */
  ready(): void {
    const ready = this.#fds?.ready;
    if (ready === undefined) return;
    this.#fds = null;
    try {
      writeSync(ready, '1');
    } catch {
      // The control process is gone, and finds this one when it is back.
    }
    closeSync(ready);
  }

  /** Leaves its place to another process, or ends. */
  async retire(): Promise<void> {
    await this.#moving;
    await this.#closeLending();
  }

  async #closeLending(): Promise<void> {
    await this.#lending?.close();
    this.#lending = null;
  }
}

/** @param fds - by the places of their listeners in the configuration */
function socketsOf(
  { listeners }: ServerConfig,
  fds: ReadonlyMap<number, number>,
): ReadonlyMap<ListenerConfig, InheritedSocket> {
  return new Map(
    listeners.flatMap((listener, index) => {
      const fd = fds.get(index);
      return fd === undefined ? [] : [[listener, { fd, isOwned: false }] as const];
    }),
  );
}
