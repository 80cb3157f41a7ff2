/** The tasks of a worker of a control process that a server by itself does not have. */
import { closeSync, writeSync } from 'node:fs';
import { LendingSocket } from '../control/lent-sockets.js';
import type { Verbs } from '../control/request.js';
import { controlFileOf, lendingFileOf } from '../control/worker-files.js';
import { takeWorkerFds, type WorkerFds } from '../control/worker-process.js';
import { toError } from '../errors.js';
import type { ChatServer } from '../server/chat-server.js';
import type { ListenerConfig, ServerConfig } from '../server/config/server-config.js';
import { isSamePlace } from '../server/hand-over/estate.js';
import type { InheritedSocket } from '../server/listeners.js';
import type { Log } from '../server/log.js';
import { workerVerbs } from '../server/worker-verbs.js';
import { REAL_WORLD, type World } from '../server/world.js';

/** The control process decides what workers listen on, when it starts. */
export const WORKER_WORLD: World = { ...REAL_WORLD, mayChangeListeners: false };

export class WorkerRole {
  readonly #name: string;
  readonly #folder: string;
  readonly #log: Log;
  /** The fds that it was started with; null if it goes on for another process, or has reported that it is ready. */
  #fds: WorkerFds | null;
  #lending: LendingSocket | null = null;

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
  inherited({ listeners }: ServerConfig): ReadonlyMap<ListenerConfig, InheritedSocket> {
    const fds = this.#fds?.listeners ?? new Map<number, number>();
    return new Map(
      listeners.flatMap((listener, index) => {
        const fd = fds.get(index);
        return fd === undefined ? [] : [[listener, { fd, isOwned: false }] as const];
      }),
    );
  }

  /** Opens the socket by which the control process reaches it. Without that it serves, too. */
  async serve(config: ServerConfig, inherited: ReadonlyMap<ListenerConfig, InheritedSocket>): Promise<void> {
    const places = config.listeners.map((listener) => inherited.get(listener)?.fd);
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
    await this.#lending?.close();
    this.#lending = null;
  }
}

/** Returns a configuration without the places that a worker has no socket for: their ports are taken. */
export function withoutPlaces(
  config: ServerConfig,
  inherited: ReadonlyMap<ListenerConfig, InheritedSocket>,
): ServerConfig {
  const has = (listener: ListenerConfig): boolean =>
    !listener.isOptional || [...inherited.keys()].some((each) => isSamePlace(each, listener));
  return { ...config, listeners: config.listeners.filter(has) };
}
