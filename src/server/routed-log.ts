/** Logs of which some are kept in one place and some in another. */
import type { LogName, Pack } from '../log/entry.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog } from '../log/shared-log.js';

/** Sends each log where it belongs. Leases are kept with those that are stored. */
export class RoutedLog implements SharedLog {
  readonly #stored: SharedLog;
  readonly #others: SharedLog;
  readonly #isStored: (name: LogName) => boolean;

  constructor(stored: SharedLog, others: SharedLog, isStored: (name: LogName) => boolean) {
    this.#stored = stored;
    this.#others = others;
    this.#isStored = isStored;
  }

  append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    this.#of(name).append(name, pack, answer);
  }

  follow(name: LogName, after: number, sink: LogSink): Following {
    return this.#of(name).follow(name, after, sink);
  }

  read(name: LogName, range: LogRange): Promise<Excerpt | null> {
    return this.#of(name).read(name, range);
  }

  lease(node: string, ms: number): Promise<boolean> {
    return this.#stored.lease(node, ms);
  }

  expired(): Promise<readonly string[] | null> {
    return this.#stored.expired();
  }

  living(): Promise<readonly string[] | null> {
    return this.#stored.living();
  }

  forget(node: string): Promise<boolean> {
    return this.#stored.forget(node);
  }

  close(): void {
    this.#stored.close();
    this.#others.close();
  }

  #of(name: LogName): SharedLog {
    return this.#isStored(name) ? this.#stored : this.#others;
  }
}
