/** A change of the places that the workers of a control process listen on, until all workers have made it. */
import { LendingSocket } from '../control/lent-sockets.js';
import { loanFileOf } from '../control/worker-files.js';
import { closePlaces, type OpenPlace, type WorkerSockets } from '../control/worker-sockets.js';

export class ListenerChange {
  readonly #sockets: WorkerSockets;
  readonly #dropped: readonly (OpenPlace | null)[];
  #loans: readonly LendingSocket[] = [];

  /**
   * @param sockets - those of all places
   * @param dropped - the places that are no longer among them
   */
  constructor(sockets: WorkerSockets, dropped: readonly (OpenPlace | null)[]) {
    this.#sockets = sockets;
    this.#dropped = dropped;
  }

  /** Lends workers the sockets that they may not have yet, until {@link finish}. @throws as `listen` does */
  async lend(folder: string, workers: readonly string[], onError: (error: Error) => void): Promise<void> {
    this.#loans = await Promise.all(
      workers.map(async (worker) => {
        const offer = { sockets: await this.#sockets.lackedBy(worker), isDraining: false };
        return LendingSocket.open(folder, loanFileOf(worker), () => offer, onError);
      }),
    );
  }

  /** Closes what no worker needs any more. */
  async finish(): Promise<void> {
    await Promise.all(this.#loans.map((loan) => loan.close()));
    await closePlaces(this.#dropped);
  }
}
