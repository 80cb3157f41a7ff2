import type { LogName, Pack } from '../../src/log/entry.js';
import { MemoryLog } from '../../src/log/memory-log.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog } from '../../src/log/shared-log.js';

/** The fate of appends: they are taken at once, when the test says so, or never. */
type Mode = 'prompt' | 'held' | 'away';

/** Logs in memory that are as late as a test wants them to be, each by itself. */
export class HeldLog implements SharedLog {
  readonly #memory = new MemoryLog({ maxEntries: 100_000 });
  readonly #modes = new Map<LogName, Mode>();
  readonly #held: { readonly name: LogName; readonly take: () => void }[] = [];
  readonly #sinks = new Map<LogName, Set<LogSink>>();
  #mode: Mode = 'prompt';

  /** Sets the fate of appends from now on. @param name - the only log that this is set for; all logs without it */
  become(mode: Mode, name?: LogName): void {
    if (name !== undefined) {
      this.#modes.set(name, mode);
      return;
    }
    this.#mode = mode;
    this.#modes.clear();
  }

  /** Whether there is anything that it holds. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Takes appends at once from now on, and takes the held ones. */
  recover(): void {
    this.become('prompt');
    this.run();
    for (const sink of [...this.#sinks.values()].flatMap((sinks) => [...sinks])) sink.back();
    this.run();
  }

  /** Takes the held appends, and those that are held meanwhile. @param name - the only log that it is done in */
  run(name?: LogName): void {
    for (;;) {
      const index = this.#held.findIndex((one) => name === undefined || one.name === name);
      const [next] = index < 0 ? [] : this.#held.splice(index, 1);
      if (next === undefined) return;
      next.take();
    }
  }

  /** Appends a pack that no chat of this process has proposed. */
  put(name: LogName, ...pack: Pack): void {
    this.#memory.append(name, pack, { appended: () => undefined, failed: () => undefined });
  }

  /** The followers of a log. */
  sinks(name: LogName): LogSink[] {
    return [...(this.#sinks.get(name) ?? [])];
  }

  /** The names of the logs that are followed. */
  followed(): LogName[] {
    return [...this.#sinks].filter(([, sinks]) => sinks.size > 0).map(([name]) => name);
  }

  append(name: LogName, proposed: Pack, answer: AppendAnswer): void {
    const mode = this.#modes.get(name) ?? this.#mode;
    // The returned object is never the one that was proposed.
    const pack = structuredClone(proposed);
    if (mode === 'away') answer.failed('unknown');
    else if (mode === 'prompt') this.#memory.append(name, pack, answer);
    else this.#held.push({ name, take: () => this.#memory.append(name, pack, answer) });
  }

  follow(name: LogName, after: number, sink: LogSink): Following {
    const sinks = this.#sinks.get(name) ?? new Set();
    this.#sinks.set(name, sinks.add(sink));
    const following = this.#memory.follow(name, after, sink);
    return {
      get applied() {
        return following.applied;
      },
      stop: () => {
        sinks.delete(sink);
        following.stop();
      },
    };
  }

  read(name: LogName, range: LogRange): Promise<Excerpt | null> {
    return this.#memory.read(name, range);
  }

  lease(node: string, ms: number): Promise<boolean> {
    return this.#memory.lease(node, ms);
  }

  expired(): Promise<readonly string[] | null> {
    return this.#memory.expired();
  }

  living(): Promise<readonly string[] | null> {
    return this.#memory.living();
  }

  forget(node: string): Promise<boolean> {
    return this.#memory.forget(node);
  }

  close(): void {
    this.#memory.close();
  }
}
