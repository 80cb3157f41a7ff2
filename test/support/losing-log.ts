import type { LogName, Pack } from '../../src/log/entry.js';
import { MemoryLog, type MemoryLogOptions } from '../../src/log/memory-log.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog } from '../../src/log/shared-log.js';

/** A follower of the logs of today, which continues with those of tomorrow. */
class Onward implements Following {
  readonly #sink: LogSink;
  readonly name: LogName;
  #following: Following;
  #isOver = false;

  constructor(log: SharedLog, name: LogName, after: number, sink: LogSink) {
    this.name = name;
    this.#sink = sink;
    this.#following = log.follow(name, after, sink);
  }

  get applied(): number {
    return this.#following.applied;
  }

  stop(): void {
    this.#isOver = true;
    this.#following.stop();
  }

  follow(log: SharedLog): void {
    if (!this.#isOver) this.#following = log.follow(this.name, this.applied, this.#sink);
  }
}

/** Logs in memory that can lose their ends, like a disk that has not written them. */
export class LosingLog implements SharedLog {
  readonly #options: MemoryLogOptions;
  #log: MemoryLog;
  readonly #followings: Onward[] = [];
  readonly #packs = new Map<LogName, Pack[]>();

  constructor(options: MemoryLogOptions) {
    this.#options = options;
    this.#log = new MemoryLog(options);
  }

  /** Takes all packs after `top` from a log. It works with logs that keep all packs. */
  loseEnd(name: LogName, top: number): void {
    this.#packs.get(name)?.splice(top);
    this.#log.close();
    const log = new MemoryLog(this.#options);
    for (const [one, packs] of this.#packs) {
      for (const pack of packs) log.append(one, pack, { appended: () => undefined, failed: () => undefined });
    }
    this.#log = log;
    for (const following of this.#followings) following.follow(log);
  }

  append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    this.#log.append(name, pack, {
      appended: (seq) => {
        this.#packs.set(name, [...(this.#packs.get(name) ?? []), pack]);
        answer.appended(seq);
      },
      failed: (why) => answer.failed(why),
    });
  }

  follow(name: LogName, after: number, sink: LogSink): Following {
    const following = new Onward(this.#log, name, after, sink);
    this.#followings.push(following);
    return following;
  }

  read(name: LogName, range: LogRange): Promise<Excerpt | null> {
    return this.#log.read(name, range);
  }

  lease(node: string, ms: number): Promise<boolean> {
    return this.#log.lease(node, ms);
  }

  expired(): Promise<readonly string[] | null> {
    return this.#log.expired();
  }

  living(): Promise<readonly string[] | null> {
    return this.#log.living();
  }

  forget(node: string): Promise<boolean> {
    return this.#log.forget(node);
  }

  close(): void {
    this.#log.close();
  }
}
