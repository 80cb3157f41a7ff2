/** Logs whose ends are known at once. */
import type { Broker } from '../log/broker.js';
import type { LogName, Pack } from '../log/entry.js';
import { RemoteLog, type RemoteLogOptions } from '../log/remote-log.js';
import type { AppendAnswer } from '../log/shared-log.js';
import { type LogTop, LogTops } from './log-tops.js';

/** Logs whose ends were read, and to which only this server appends. */
export class CountedLog extends RemoteLog {
  readonly #tops: LogTops;

  /** @param ends - of all logs that have packs */
  constructor(broker: Broker, ends: readonly LogTop[], options: RemoteLogOptions) {
    super(broker, options);
    this.#tops = new LogTops(ends);
  }

  topOf(name: LogName): number {
    return this.#tops.of(name);
  }

  override append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    super.append(name, pack, this.#tops.counting(name, answer));
  }
}
