/** The sockets that the workers of a control process listen on. */
import type { Lent } from '../control/lent-sockets.js';
import { WorkerSockets } from '../control/worker-sockets.js';
import { hasCode } from '../errors.js';
import type { ListenerConfig, ServerConfig } from '../server/config/server-config.js';
import { assignFds } from '../server/inherited-fds.js';
import { ListenError } from '../server/listen-error.js';
import type { OpenListener } from '../server/listeners.js';
import { listenFds } from '../socket/service-manager.js';
import { withAdvice } from './listen-advice.js';

export class WorkerListeners {
  readonly sockets = new WorkerSockets();
  /** Optional ones whose port is taken. */
  readonly skipped: ListenerConfig[] = [];
  readonly #config: ServerConfig;

  private constructor(config: ServerConfig) {
    this.#config = config;
  }

  /**
   * Opens all of the configuration.
   *
   * @param found - what the workers have that run already
   * @throws ListenError, or an Error with advice; then nothing is left open
   */
  static async open(config: ServerConfig, found: ReadonlyMap<string, Lent>): Promise<WorkerListeners> {
    const listeners = new WorkerListeners(config);
    const given = assignFds(listenFds({ unsetEnvironment: true }), config.listeners);
    try {
      for (const [index, listener] of config.listeners.entries()) {
        const fds = [...found].flatMap(([name, lent]) => {
          const fd = lent.fds.get(index);
          return fd === undefined ? [] : [[name, fd] as const];
        });
        await listeners.#add(listener, given.get(listener), new Map(fds));
      }
      return listeners;
    } catch (error) {
      await listeners.sockets.close();
      throw withAdvice(error);
    }
  }

  async #add(
    listener: ListenerConfig,
    given: number | undefined,
    borrowed: ReadonlyMap<string, number>,
  ): Promise<void> {
    const { backlog } = this.#config;
    try {
      await this.sockets.add({ at: listener.at, backlog, given }, borrowed);
    } catch (error) {
      if (!listener.isOptional || !hasCode(error, 'EADDRINUSE')) throw new ListenError(listener.at, error, listener);
      this.sockets.skip();
      this.skipped.push(listener);
    }
  }

  /** Those that are open, in the order of the configuration. */
  get open(): readonly OpenListener[] {
    return this.#config.listeners.flatMap(({ protocol, tls }, index) => {
      const address = this.sockets.addresses[index] ?? null;
      return address === null ? [] : [{ protocol, isSecure: tls !== null, address }];
    });
  }
}
