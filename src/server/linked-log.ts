/** The logs of a server of which those of foreign rooms are followed over links. */
import type { LogName, Pack } from '../log/entry.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog } from '../log/shared-log.js';

/** The logs that are elsewhere. */
export interface ForeignLogs {
  isForeign(name: LogName): boolean;
  append(name: LogName, pack: Pack, answer: AppendAnswer): void;
  follow(name: LogName, after: number, sink: LogSink): Following;
}

/** Sends what belongs to foreign rooms over their links, and all else to the logs of the server. */
export class LinkedLog implements SharedLog {
  readonly #own: SharedLog;
  readonly #foreign: ForeignLogs;

  constructor(own: SharedLog, foreign: ForeignLogs) {
    this.#own = own;
    this.#foreign = foreign;
  }

  append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    this.#of(name).append(name, pack, answer);
  }

  follow(name: LogName, after: number, sink: LogSink): Following {
    return this.#of(name).follow(name, after, sink);
  }

  #of(name: LogName): Pick<SharedLog, 'append' | 'follow'> {
    return this.#foreign.isForeign(name) ? this.#foreign : this.#own;
  }

  read(name: LogName, range: LogRange): Promise<Excerpt | null> {
    return this.#foreign.isForeign(name) ? Promise.resolve(null) : this.#own.read(name, range);
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
  }
}
