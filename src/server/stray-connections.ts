/** Connections of another process that no listener of this one fits: they stay until they leave by themselves. */
import { adopt, type AdoptOptions } from '../net/adopt.js';
import type { Connection } from '../net/connection.js';
import { SYSTEM_CLOCK } from './clock.js';
import type { Occupant } from './listener-handlers.js';

/** Those of one server. */
export class StrayConnections {
  readonly #open = new Set<Connection<Occupant>>();
  #onEmpty: () => void = () => undefined;

  /** How many are open. */
  get count(): number {
    return this.#open.size;
  }

  /**
   * Serves one. Its handlers have to report by {@link closed} that it is closed.
   *
   * @throws as `adopt()`; the fd then stays the caller's
   */
  adopt(fd: number, options: AdoptOptions<Occupant>): void {
    this.#open.add(adopt(fd, options));
  }

  /** One is closed. */
  closed(connection: Connection<Occupant>): void {
    this.#open.delete(connection);
    if (this.#open.size === 0) this.#onEmpty();
  }

  /**
   * Ends them, and destroys those that are still there after some time.
   *
   * @returns when the last one is closed
   */
  async close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    // The handlers are not told of one that was given away.
    for (const connection of this.#open) if (connection.fd < 0) this.#open.delete(connection);
    if (this.#open.size === 0) return;
    const closed = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const connection of this.#open) connection.end();
    const alarm = SYSTEM_CLOCK.after(drainMs, () => {
      for (const connection of this.#open) connection.destroy();
    });
    await closed;
    alarm.cancel();
  }
}
