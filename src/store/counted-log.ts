/** Logs of which it is known at once where they end. */
import type { Broker } from '../log/broker.js';
import type { LogName, Pack } from '../log/entry.js';
import { RemoteLog, type RemoteLogOptions } from '../log/remote-log.js';
import type { AppendAnswer } from '../log/shared-log.js';

/** Logs that were asked where they end, and to which only this server appends. */
export class CountedLog extends RemoteLog {
  readonly #tops: Map<string, number>;

  /** @param ends - of all logs that have packs */
  constructor(
    broker: Broker,
    ends: readonly { readonly log: string; readonly top: number }[],
    options: RemoteLogOptions,
  ) {
    super(broker, options);
    this.#tops = new Map(ends.map(({ log, top }) => [log, top]));
  }

  topOf(name: LogName): number {
    return this.#tops.get(name) ?? 0;
  }

  override append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    super.append(name, pack, {
      appended: (seq) => {
        this.#tops.set(name, Math.max(seq, this.topOf(name)));
        answer.appended(seq);
      },
      failed: (why) => {
        answer.failed(why);
      },
    });
  }
}
