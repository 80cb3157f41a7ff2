/** Logs of real servers, in the hands of the contract suite. */
import { onTestFinished } from 'vitest';
import type { RemoteLog } from '../../src/log/remote-log.js';
import { until } from './deadline.js';

/** Every log of one test that has a connection to the same server. */
export class RemoteLogs {
  readonly #logs: RemoteLog[] = [];
  #troubles = 0;

  /** Counts the reports of a log. */
  readonly onTrouble = (why: Error | null): void => {
    if (why !== null) this.#troubles += 1;
  };

  add<Log extends RemoteLog>(log: Log): Log {
    this.#logs.push(log);
    onTestFinished(() => {
      log.close();
    });
    return log;
  }

  /** Cuts connections, and waits until every log has noticed it. */
  async cut(cut: () => Promise<void>): Promise<void> {
    const wanted = this.#troubles + this.#logs.length;
    await cut();
    await until(() => this.#troubles >= wanted, 'a lost connection');
  }

  /** Waits until all logs are connected, nothing is under way, and no log lacks anything. */
  async settle(): Promise<void> {
    // The others receive in the second round what one has appended in the first.
    for (let round = 0; round < 2; round += 1) {
      await Promise.all(this.#logs.map((log) => log.whenUp()));
      await this.#quiet();
      for (const log of this.#logs) log.look();
      await this.#quiet();
    }
  }

  async #quiet(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await until(() => this.#logs.every((log) => !log.isBusy), 'logs with nothing under way');
  }
}
