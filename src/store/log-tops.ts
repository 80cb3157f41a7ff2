/** The ends of logs, as far as this process knows them without asking. */
import type { LogName } from '../log/entry.js';
import type { AppendAnswer } from '../log/shared-log.js';
import type { LogEnds } from './log-reads.js';

/** Where one log ends. */
export interface LogTop<Name extends string = string> extends Pick<LogEnds, 'top'> {
  readonly log: Name;
}

/** The ends that logs had when they were opened, and the packs that this process has appended since. */
export class LogTops {
  readonly #tops: Map<string, number>;

  /** @param ends - of all logs that have packs */
  constructor(ends: readonly LogTop[]) {
    this.#tops = new Map(ends.map(({ log, top }) => [log, top]));
  }

  of(name: LogName): number {
    return this.#tops.get(name) ?? 0;
  }

  /** Forgets logs that have been removed. */
  forget(names: readonly string[]): void {
    for (const name of names) this.#tops.delete(name);
  }

  /** Returns an answer to an append that takes note of the number, and passes everything on. */
  counting(name: LogName, answer: AppendAnswer): AppendAnswer {
    return {
      appended: (seq) => {
        this.#tops.set(name, Math.max(seq, this.of(name)));
        answer.appended(seq);
      },
      failed: (why) => {
        answer.failed(why);
      },
    };
  }
}
