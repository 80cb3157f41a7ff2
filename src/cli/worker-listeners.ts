/** The sockets that the workers of a control process listen on. */
import { borrowSockets, type Lent } from '../control/lent-sockets.js';
import { lendingFileOf } from '../control/worker-files.js';
import { closePlaces, type OpenPlace, openPlace, WorkerSockets } from '../control/worker-sockets.js';
import { hasCode } from '../errors.js';
import type { ListenerConfig, ServerConfig } from '../server/config/server-config.js';
import { assignListeners, isPlace, type LeftListener } from '../server/hand-over/estate.js';
import { assignFds } from '../server/inherited-fds.js';
import { ListenError, whereTo } from '../server/listen-error.js';
import type { OpenListener } from '../server/listeners.js';
import type { Log } from '../server/log.js';
import { matchListeners } from '../server/matching-listeners.js';
import type { Address } from '../socket/address.js';
import { closeFds } from '../socket/close-fds.js';
import { listenFds } from '../socket/service-manager.js';
import { assignSockets, placeOf } from './lent-listeners.js';
import { withAdvice } from './listen-advice.js';
import { ListenerChange } from './listener-change.js';

export class WorkerListeners {
  readonly sockets = new WorkerSockets((index) => {
    const listener = this.#config.listeners[index];
    return listener && placeOf(listener);
  });
  #config: ServerConfig;
  /** The sockets of a service manager. */
  readonly given: readonly LeftListener[];
  /** The workers that run, and have not said what they listen on, with their processes. */
  readonly #silent: Map<string, number>;
  readonly #log: Log;

  private constructor(
    config: ServerConfig,
    given: readonly LeftListener[],
    silent: ReadonlyMap<string, number>,
    log: Log,
  ) {
    this.#config = config;
    this.given = given;
    this.#silent = new Map(silent);
    this.#log = log;
  }

  /**
   * Opens all of the configuration.
   *
   * @param found - the sockets of the workers that run already
   * @param left - those of a service manager that another process has left; null without such a process
   * @throws ListenError, or an Error with advice; then nothing is left open
   */
  static async open(
    config: ServerConfig,
    found: ReadonlyMap<string, Lent>,
    left: readonly LeftListener[] | null,
    log: Log,
  ): Promise<WorkerListeners> {
    const { inherited: given } = assignListeners(left ?? givenTo(config), config.listeners);
    const silent = new Map([...found].filter(([, { isSilent }]) => isSilent).map(([name, { pid }]) => [name, pid]));
    for (const [worker, pid] of silent) {
      log.error('a worker does not answer: its clients wait until it goes on, or is killed', { worker, pid });
    }
    const listeners = new WorkerListeners(config, [...given.values()], silent, log);
    try {
      const borrowed = borrowedFrom(found, config.listeners);
      for (const listener of config.listeners) {
        listeners.sockets.add(await listeners.#open(listener, given.get(listener)?.fd, borrowed.get(listener)));
      }
      return listeners;
    } catch (error) {
      // The files of unix sockets are those of the workers that run.
      if (found.size > 0) listeners.sockets.leave();
      else await listeners.sockets.close();
      throw withAdvice(error);
    }
  }

  /**
   * Opens the places that another configuration adds, and has its listeners from now on.
   *
   * @throws ListenError; nothing has changed then
   */
  async change(read: ServerConfig): Promise<ListenerChange> {
    const before = this.#config.listeners;
    const open = before.filter((_, place) => (this.sockets.addresses[place] ?? null) !== null);
    const places = matchListeners(read.listeners, open);
    const opened: OpenPlace[] = [];
    const wanted: (number | OpenPlace | null)[] = [];
    try {
      for (const listener of read.listeners) {
        const same = places.get(listener);
        if (same !== undefined) {
          wanted.push(before.indexOf(same));
          continue;
        }
        const place = await this.#open(listener);
        if (place !== null) opened.push(place);
        wanted.push(place);
      }
    } catch (error) {
      await closePlaces(opened);
      throw error;
    }
    const dropped = this.sockets.change(wanted);
    this.#config = { ...this.#config, listeners: read.listeners };
    return new ListenerChange(this.sockets, dropped);
  }

  /**
   * Whether it is known what a worker listens on. One that has not said so is asked again: a second socket of the same
   * port, on which it accepts nobody, would keep its share of the connections waiting.
   *
   * @param folder - that of the workers' files
   */
  knows(worker: string, folder: string): boolean {
    if (!this.#silent.has(worker)) return true;
    const lent = borrowSockets(folder, lendingFileOf(worker));
    if (lent?.isSilent === true) return false;
    this.#silent.delete(worker);
    const { sockets, unused } = assignSockets(lent?.sockets ?? [], this.#config.listeners);
    const own = new Map([...sockets].map(([listener, { fd }]) => [this.#config.listeners.indexOf(listener), fd]));
    closeFds(unused);
    this.sockets.take(worker, own);
    return true;
  }

  /**
   * Closes the sockets of ports that a worker has been lent, and does not listen on: its flags may be other ones. Who
   * connects to such a port would wait for ever.
   *
   * @param folder - that of the workers' files
   * @returns the addresses
   */
  withdraw(worker: string, folder: string): readonly Address[] {
    const lent = borrowSockets(folder, lendingFileOf(worker));
    if (lent === null) return [];
    closeFds(lent.sockets);
    // One that drains listens on nothing, and a version that names no places cannot be judged.
    if (lent.isSilent || lent.isDraining || lent.sockets.some(({ place }) => !isPlace(place))) return [];
    const { listeners } = this.#config;
    const { sockets } = assignSockets(lent.sockets, listeners);
    return listeners.flatMap((listener, index) => {
      const address = sockets.has(listener) ? null : this.sockets.dropAt(worker, index);
      return address === null ? [] : [address];
    });
  }

  /** Returns a change for workers that have read another configuration. */
  get unchanged(): ListenerChange {
    return new ListenerChange(this.sockets, []);
  }

  /** @returns null for an optional one whose port is taken */
  async #open(
    listener: ListenerConfig,
    given?: number,
    borrowed: ReadonlyMap<string, number> = new Map(),
  ): Promise<OpenPlace | null> {
    const { at } = listener;
    const shared = (): void => {
      const details = { address: whereTo(at), workers: this.#silentWorkers };
      this.#log.warn('new connections to a port may wait for a worker that does not answer', details);
    };
    try {
      const neighbours = { borrowed, ...(this.#silent.size > 0 && { shared }) };
      return await openPlace({ at, backlog: this.#config.backlog, given }, neighbours);
    } catch (error) {
      const isTaken = hasCode(error, 'EADDRINUSE');
      if (listener.isOptional && isTaken) return null;
      const problem = new ListenError(at, error, listener);
      if (this.#silent.size === 0 || !isTaken) throw problem;
      const advice = 'if it is there, let it go on (kill -CONT) or end it (kill -KILL), and start again';
      const who = `it may be at a worker that does not answer, ${this.#silentWorkers}`;
      throw new Error(`${problem.message}; ${who}: ${advice}`, { cause: problem });
    }
  }

  get #silentWorkers(): string {
    return [...this.#silent].map(([name, pid]) => `${name} (process ${pid})`).join(', ');
  }

  /** Optional ones whose port is taken. */
  get skipped(): readonly ListenerConfig[] {
    const { addresses } = this.sockets;
    return this.#config.listeners.filter((_, index) => (addresses[index] ?? null) === null);
  }

  /** Those that are open, in the order of the configuration. */
  get open(): readonly OpenListener[] {
    return this.#config.listeners.flatMap(({ protocol, tls }, index) => {
      const address = this.sockets.addresses[index] ?? null;
      return address === null ? [] : [{ protocol, isSecure: tls !== null, address }];
    });
  }
}

/** Returns the sockets of workers for each listener, by the names of the workers. Those that none has are closed. */
function borrowedFrom(
  found: ReadonlyMap<string, Lent>,
  listeners: readonly ListenerConfig[],
): ReadonlyMap<ListenerConfig, ReadonlyMap<string, number>> {
  const borrowed = new Map(listeners.map((listener) => [listener, new Map<string, number>()]));
  for (const [name, { sockets }] of found) {
    const { sockets: inherited, unused } = assignSockets(sockets, listeners);
    for (const [listener, { fd }] of inherited) borrowed.get(listener)?.set(name, fd);
    closeFds(unused);
  }
  return borrowed;
}

/** Returns the sockets of a service manager, with the places of the listeners that they are for. */
function givenTo(config: ServerConfig): LeftListener[] {
  const given = assignFds(listenFds({ unsetEnvironment: true }), config.listeners);
  return [...given].map(([listener, fd]) => ({ fd, place: placeOf(listener), isOwned: false }));
}
