/** The logs as a node sees them that gets some of them late. */
import type { LogName, Pack } from '../../src/log/entry.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog } from '../../src/log/shared-log.js';

/** Reads a log that is held, and delivers its packs, only when it is released. */
export class LateView implements SharedLog {
  readonly #logs: SharedLog;
  readonly #held = new Map<LogName, (() => void)[]>();

  constructor(logs: SharedLog) {
    this.#logs = logs;
  }

  hold(name: LogName): void {
    this.#held.set(name, []);
  }

  release(name: LogName): void {
    const held = this.#held.get(name) ?? [];
    this.#held.delete(name);
    for (const deliver of held) deliver();
  }

  follow(name: LogName, after: number, sink: LogSink): Following {
    const later = (deliver: () => void): void => {
      const held = this.#held.get(name);
      if (held === undefined) deliver();
      else held.push(deliver);
    };
    const late: LogSink = {
      pack: (seq, entries) => later(() => sink.pack(seq, entries)),
      caughtUp: () => later(() => sink.caughtUp()),
      unreadable: (seq, why) => sink.unreadable(seq, why),
      missing: (from, to) => sink.missing(from, to),
      regressed: (applied, top, again) => sink.regressed(applied, top, again),
      away: () => sink.away(),
      back: () => sink.back(),
    };
    let following: Following | null = null;
    // A log that is held is read when it is released, with all that is in it by then.
    later(() => {
      following = this.#logs.follow(name, after, late);
    });
    return {
      get applied() {
        return following?.applied ?? after;
      },
      stop: () => following?.stop(),
    };
  }

  append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    this.#logs.append(name, pack, answer);
  }

  read(name: LogName, range: LogRange): Promise<Excerpt | null> {
    return this.#logs.read(name, range);
  }

  lease(node: string, ms: number): Promise<boolean> {
    return this.#logs.lease(node, ms);
  }

  expired(): Promise<readonly string[] | null> {
    return this.#logs.expired();
  }

  living(): Promise<readonly string[] | null> {
    return this.#logs.living();
  }

  forget(node: string): Promise<boolean> {
    return this.#logs.forget(node);
  }

  close(): void {
    // Others still use the logs.
  }
}
