/** Logs of which some are in one place and some in another. */
import type { LogName, Pack } from '../log/entry.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog } from '../log/shared-log.js';

/** The part of logs that is elsewhere. */
type OtherLogs = Pick<SharedLog, 'append' | 'follow' | 'read' | 'close'>;

/** Sends each log where it belongs. Leases are kept with the first ones. */
export class RoutedLog implements SharedLog {
  readonly #own: SharedLog;
  readonly #others: OtherLogs;
  readonly #isOwn: (name: LogName) => boolean;

  constructor(own: SharedLog, others: OtherLogs, isOwn: (name: LogName) => boolean) {
    this.#own = own;
    this.#others = others;
    this.#isOwn = isOwn;
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
    return this.#own.lease(node, ms);
  }

  expired(): Promise<readonly string[] | null> {
    return this.#own.expired();
  }

  living(): Promise<readonly string[] | null> {
    return this.#own.living();
  }

  forget(node: string): Promise<boolean> {
    return this.#own.forget(node);
  }

  close(): void {
    this.#own.close();
    this.#others.close();
  }

  #of(name: LogName): OtherLogs {
    return this.#isOwn(name) ? this.#own : this.#others;
  }
}
