/** Logs whose ends are known at once. */
import type { Broker } from '../log/broker.js';
import type { LogName, Pack } from '../log/entry.js';
import { RemoteLog, type RemoteLogOptions } from '../log/remote-log.js';
import type { AppendAnswer } from '../log/shared-log.js';
import { type LogTop, LogTops } from './log-tops.js';

/** The time in which everybody who follows logs says so, in milliseconds: they do every hour. */
const STEADY_MS = 7_200_000;

/** Logs whose ends were read, if only this server appends to them. */
export class CountedLog extends RemoteLog {
  readonly #tops: LogTops | null;

  /** @param ends - of all logs that have packs; null if others append, too: then no end is known at once */
  constructor(broker: Broker, ends: readonly LogTop[] | null, options: RemoteLogOptions) {
    super(broker, options);
    this.#tops = ends === null ? null : new LogTops(ends);
  }

  topOf(name: LogName): number {
    return this.#tops?.of(name) ?? 0;
  }

  /** Whether others that have lost the broker at the same time have had the time to say which logs they use. */
  protected get isSteady(): boolean {
    return this.upForMs >= STEADY_MS;
  }

  /** Logs have been removed: they begin behind all their numbers if somebody makes them again. */
  protected removed(names: readonly string[]): void {
    this.#tops?.forget(names);
  }

  override append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    super.append(name, pack, this.#tops?.counting(name, answer) ?? answer);
  }
}
