/** The tasks of a worker of a control process that a server by itself does not have. */
import { closeSync, writeSync } from 'node:fs';
import { borrowSockets, LendingSocket, type Offer, type SocketOfListener } from '../control/lent-sockets.js';
import type { Verbs } from '../control/request.js';
import { controlFileOf, lendingFileOf, loanFileOf, nextLendingFileOf } from '../control/worker-files.js';
import { takeWorkerFds, type WorkerFds } from '../control/worker-process.js';
import { toError } from '../errors.js';
import type { ChatServer } from '../server/chat-server.js';
import type { ListenerConfig, ServerConfig } from '../server/config/server-config.js';
import type { InheritedSocket } from '../server/listeners.js';
import type { Log } from '../server/log.js';
import { isSameListener, matchListeners } from '../server/matching-listeners.js';
import type { Loan } from '../server/server-options.js';
import { workerVerbs } from '../server/worker-verbs.js';
import { REAL_WORLD, type World } from '../server/world.js';
import { closeFds } from '../socket/close-fds.js';
import { assignSockets, type PlacedSockets, placeOf } from './lent-listeners.js';

/** The control process decides what workers listen on. */
export const WORKER_WORLD: World = { ...REAL_WORLD, mayChangeListeners: false };

export class WorkerRole {
  readonly #name: string;
  readonly #folder: string;
  readonly #log: Log;
  /** The fds that it was started with; null if it goes on for another process, or has reported that it is ready. */
  #fds: WorkerFds | null;
  #lending: LendingSocket | null = null;
  /** The listeners of the configuration, in its order. */
  #listeners: readonly ListenerConfig[] = [];
  /** The sockets that it listens on. */
  #sockets: ReadonlyMap<ListenerConfig, InheritedSocket> = new Map();
  /** Those of listeners that are not in the configuration any more, until the control process has read it, too. */
  #unused: readonly InheritedSocket[] = [];
  /** New ones, while the configuration is read again at the request of the control process. */
  #loan: Loan | null = null;
  #isDraining = false;
  /** Whether another process has its sockets. */
  #isReplaced = false;

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
  inherited({ listeners }: ServerConfig): PlacedSockets {
    return assignSockets(this.#fds?.listeners ?? [], listeners);
  }

  /** Returns a configuration without the listeners that this worker has no socket for. */
  withoutPlaces(config: ServerConfig, sockets: ReadonlyMap<ListenerConfig, InheritedSocket>): ServerConfig {
    for (const listener of config.listeners) {
      if (sockets.has(listener) || listener.isOptional) continue;
      this.#log.warn('a listener waits for a reload by the control process', {
        protocol: listener.protocol,
        ...listener.at,
      });
    }
    return { ...config, listeners: config.listeners.filter((listener) => sockets.has(listener)) };
  }

  /** Borrows what a configuration that was read again adds. @returns that configuration, as far as there are sockets */
  reread(read: ServerConfig): ServerConfig {
    this.#loan?.settle(false);
    const lent = borrowSockets(this.#folder, loanFileOf(this.#name));
    const { sockets: added, unused } = assignSockets(lent?.sockets ?? [], read.listeners);
    closeFds(unused);
    const next = this.#with(added, read);
    if (lent !== null) {
      this.#loan = {
        sockets: added,
        settle: (isTaken) => {
          this.#loan = null;
          if (isTaken) this.#moveTo(read, next);
          else closeFds(added.values());
        },
      };
    }
    return this.withoutPlaces(read, next.sockets);
  }

  /** The sockets for the configuration that was read last; null if the control process does not change them. */
  get loan(): Loan | null {
    return this.#loan;
  }

  /** Returns the sockets for another configuration: those that it has, and others. */
  #with(added: ReadonlyMap<ListenerConfig, InheritedSocket>, { listeners }: ServerConfig): PlacedSockets {
    const left = new Map(this.#sockets);
    const sockets = new Map(added);
    const unused = [...this.#unused];
    for (const [listener, before] of matchListeners(listeners, [...left.keys()])) {
      const socket = left.get(before);
      const lent = sockets.get(listener);
      // A listener that has changed uses the socket that was lent.
      if (socket === undefined || (lent !== undefined && !isSameListener(listener, before))) continue;
      if (lent !== undefined) unused.push(lent);
      left.delete(before);
      sockets.set(listener, socket);
    }
    return { sockets, unused: [...left.values(), ...unused] };
  }

  /** Has the sockets of another configuration from now on. */
  #moveTo({ listeners }: ServerConfig, { sockets, unused }: PlacedSockets): void {
    this.#listeners = listeners;
    this.#sockets = sockets;
    this.#unused = [];
    // A socket of a port on which nobody accepts would keep its share of the connections waiting.
    closeFds(unused);
    if (this.#isDraining) this.#closeSockets();
  }

  /** Opens the socket by which the control process reaches it. Without that it serves, too. */
  async serve({ listeners }: ServerConfig, { sockets, unused }: PlacedSockets): Promise<void> {
    this.#listeners = listeners;
    this.#sockets = sockets;
    this.#unused = unused;
    if (unused.length > 0) {
      this.#log.warn('sockets of listeners that are gone wait for a reload by the control process', {
        sockets: unused.length,
      });
    }
    await this.#openLending();
  }

  /** Opens the socket through which it lends, unless it is open. */
  async #openLending(): Promise<void> {
    const onError = (error: Error): void => {
      this.#log.error('the control process is not answered', { error: error.message });
    };
    const files = { file: lendingFileOf(this.#name), next: nextLendingFileOf(this.#name) };
    try {
      this.#lending ??= await LendingSocket.takeOver(this.#folder, files, () => this.#offer, onError);
    } catch (error) {
      onError(toError(error));
    }
  }

  get #offer(): Offer | null {
    if (this.#isReplaced) return null;
    const sockets = this.#listeners.flatMap((listener, index): SocketOfListener[] => {
      const fd = this.#sockets.get(listener)?.fd;
      return fd === undefined ? [] : [{ fd, index, place: placeOf(listener) }];
    });
    return { sockets, isDraining: this.#isDraining };
  }

  /** Closes its listening sockets, on which nobody is accepted any more: who connects must not wait for its end. */
  #closeSockets(): void {
    closeFds(this.#sockets.values());
    closeFds(this.#unused);
    this.#sockets = new Map();
    this.#unused = [];
  }

  /** Stays to be found by a control process, though it has nothing to lend any more. Without that it serves, too. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#closeSockets();
    await this.#openLending();
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

  /** Lends nothing any more: another process has its sockets. It can be found until that one can. */
  replaced(): void {
    this.#isReplaced = true;
  }

  /** Ends, or another process can be found. */
  async retire(): Promise<void> {
    await this.#lending?.close();
    this.#lending = null;
  }
}
