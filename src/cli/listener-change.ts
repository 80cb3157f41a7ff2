/** A change of the places that the workers of a control process listen on, until all workers have made it. */
import { LendingSocket } from '../control/lent-sockets.js';
import { loanFileOf } from '../control/worker-files.js';
import { closePlaces, type OpenPlace, type WorkerSockets } from '../control/worker-sockets.js';

export class ListenerChange {
  readonly #sockets: WorkerSockets;
  readonly #added: readonly number[];
  readonly #dropped: readonly (OpenPlace | null)[];
  #loans: readonly LendingSocket[] = [];

  /**
   * @param sockets - those of all places
   * @param added - the numbers of the places that are new
   * @param dropped - the places that are no longer among them
   */
  constructor(sockets: WorkerSockets, added: readonly number[], dropped: readonly (OpenPlace | null)[]) {
    this.#sockets = sockets;
    this.#added = added;
    this.#dropped = dropped;
  }

  /** Lends workers the sockets of the new places, until {@link finish}. @throws as `listen` does */
  async lend(folder: string, workers: readonly string[], onError: (error: Error) => void): Promise<void> {
    this.#loans = await Promise.all(
      workers.map(async (worker) => {
        const fds = await this.#sockets.of(worker);
        const added = new Map([...fds].filter(([place]) => this.#added.includes(place)));
        return LendingSocket.open(folder, loanFileOf(worker), added, onError);
      }),
    );
  }

  /** Closes what no worker needs any more. */
  async finish(): Promise<void> {
    await Promise.all(this.#loans.map((loan) => loan.close()));
    await closePlaces(this.#dropped);
  }
}
