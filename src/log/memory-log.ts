/** The logs of one process, kept in its memory: when an append returns, it has reached all followers. */
import { type LogName, MAX_PACK_ENTRIES, type Pack } from './entry.js';
import { KeptLog } from './kept-log.js';
import { PackStore, type Retention } from './pack-store.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog, StoredPack } from './shared-log.js';

/** The choices of a {@link MemoryLog}. */
export interface MemoryLogOptions {
  /** The most entries that each log keeps, at least 0. @defaultValue 1000 */
  readonly maxEntries?: number;
  /** The most bytes that each log keeps, as an estimate, at least 0. @defaultValue 1 MiB */
  readonly maxBytes?: number;
  /**
   * The most bytes that all logs keep together, as an estimate, at least 0: the logs with the least recent appends lose
   * packs first. @defaultValue 64 MiB
   */
  readonly maxTotalBytes?: number;
  /** The most logs that are kept while nobody follows them, at least 0. @defaultValue 1000 */
  readonly maxIdleLogs?: number;
  /** Milliseconds since the epoch, for leases. @defaultValue `Date.now` */
  readonly now?: () => number;
}

/**
 * Logs that last as long as their process. Each keeps its last packs, within bounds, for later followers. A log that
 * keeps nothing and has no followers is forgotten, and starts at number 1 again.
 */
export class MemoryLog implements SharedLog {
  readonly #retention: Retention;
  readonly #maxTotalBytes: number;
  readonly #maxIdleLogs: number;
  readonly #now: () => number;
  readonly #logs = new Map<LogName, KeptLog>();
  /** The logs without followers, the least recently used first. */
  readonly #idle = new Set<LogName>();
  /** Counts the bytes that all logs keep. */
  readonly #meter = { bytes: 0 };
  /** The logs that keep something, the one with the latest append last. */
  readonly #keeping = new Set<LogName>();
  readonly #leases = new Map<string, number>();
  #isClosed = false;

  constructor(options: MemoryLogOptions = {}) {
    const { maxEntries = 1000, maxBytes = 1_048_576, maxTotalBytes = 67_108_864 } = options;
    const { maxIdleLogs = 1000, now = Date.now } = options;
    this.#retention = { maxEntries, maxBytes };
    this.#maxTotalBytes = maxTotalBytes;
    this.#maxIdleLogs = maxIdleLogs;
    this.#now = now;
  }

  append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    if (this.#isClosed) answer.failed('closed');
    else if (pack.length === 0 || pack.length > MAX_PACK_ENTRIES) answer.failed('invalid');
    else answer.appended(this.#push(name, pack));
  }

  #push(name: LogName, pack: Pack): number {
    const log = this.#log(name);
    const seq = log.push(pack);
    if (this.#retention.maxEntries > 0) this.#trim(name);
    if (!log.isFollowed) this.#abandon(name);
    return seq;
  }

  /** The bytes that all logs keep together, as an estimate. */
  get keptBytes(): number {
    return this.#meter.bytes;
  }

  /** Enforces the bound of all logs. @param newest - the log that has been appended to */
  #trim(newest: LogName): void {
    this.#keeping.delete(newest);
    this.#keeping.add(newest);
    for (const name of this.#keeping) {
      if (this.#meter.bytes <= this.#maxTotalBytes) return;
      const log = this.#logs.get(name);
      if (log?.isBusy === true) continue;
      log?.packs.trimTo(this.#maxTotalBytes);
      if (log === undefined || log.packs.first > log.packs.top) this.#keeping.delete(name);
    }
  }

  follow(name: LogName, after: number, sink: LogSink): Following {
    if (this.#isClosed) return { applied: after, stop: () => undefined };
    this.#idle.delete(name);
    return this.#log(name).follow(after, sink);
  }

  read(name: LogName, { after, maxPacks }: LogRange): Promise<Excerpt | null> {
    if (this.#isClosed) return Promise.resolve(null);
    const packs = this.#logs.get(name)?.packs ?? new PackStore(this.#retention);
    const { first, top } = packs;
    const found: StoredPack[] = [];
    for (let seq = Math.max(after + 1, first); seq <= top && found.length < maxPacks; seq += 1) {
      const entries = packs.at(seq);
      if (entries !== undefined) found.push({ seq, kind: 'pack', entries });
    }
    return Promise.resolve({ packs: found, first, top });
  }

  lease(node: string, ms: number): Promise<boolean> {
    if (!this.#isClosed) this.#leases.set(node, this.#now() + ms);
    return Promise.resolve(!this.#isClosed);
  }

  expired(): Promise<readonly string[] | null> {
    return this.#nodes((endMs, nowMs) => endMs <= nowMs);
  }

  living(): Promise<readonly string[] | null> {
    return this.#nodes((endMs, nowMs) => endMs > nowMs);
  }

  #nodes(isWanted: (endMs: number, nowMs: number) => boolean): Promise<readonly string[] | null> {
    if (this.#isClosed) return Promise.resolve(null);
    const nowMs = this.#now();
    return Promise.resolve([...this.#leases].filter(([, endMs]) => isWanted(endMs, nowMs)).map(([node]) => node));
  }

  forget(node: string): Promise<boolean> {
    this.#leases.delete(node);
    return Promise.resolve(!this.#isClosed);
  }

  close(): void {
    this.#isClosed = true;
    for (const log of this.#logs.values()) log.close();
    this.#logs.clear();
    this.#keeping.clear();
    this.#meter.bytes = 0;
    this.#idle.clear();
    this.#leases.clear();
  }

  #log(name: LogName): KeptLog {
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    const made = new KeptLog(this.#retention, this.#meter, () => this.#abandon(name));
    this.#logs.set(name, made);
    return made;
  }

  /** Moves a log without followers to the idle ones, if it keeps anything. */
  #abandon(name: LogName): void {
    const packs = this.#logs.get(name)?.packs;
    if (packs === undefined) return;
    this.#idle.delete(name);
    if (packs.first > packs.top) this.#forget(name);
    else this.#idle.add(name);
    if (this.#idle.size <= this.#maxIdleLogs) return;
    for (const oldest of this.#idle) {
      this.#idle.delete(oldest);
      this.#forget(oldest);
      return;
    }
  }

  #forget(name: LogName): void {
    this.#logs.get(name)?.packs.discard();
    this.#logs.delete(name);
    this.#keeping.delete(name);
  }
}
