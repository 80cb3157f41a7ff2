import { createHash } from 'node:crypto';
import type {
  Broker,
  BrokerEnd,
  BrokerListener,
  BrokerPage,
  BrokerRange,
  KeptPack,
  PackPlace,
  PackToKeep,
} from '../../src/log/broker.js';
import type { LogName } from '../../src/log/entry.js';
import { MemoryLog } from '../../src/log/memory-log.js';
import type { SimulatedConnection, SimulatedNetwork } from './simulated-network.js';

interface Kept extends KeptPack {
  readonly entries: number;
}

interface KeptLog {
  first: number;
  /** The mark of the pack before the first one. */
  base: string;
  top: number;
  packs: Kept[];
  mark: string;
}

/** The part that several brokers share: the packs. */
export class BrokerStore {
  /** Only for leases. */
  readonly leases: MemoryLog;
  readonly #maxEntries: number;
  readonly #logs = new Map<LogName, KeptLog>();
  readonly listeners = new Set<(log: LogName, pack: KeptPack) => void>();

  constructor(maxEntries: number, now: () => number) {
    this.#maxEntries = maxEntries;
    this.leases = new MemoryLog({ now });
  }

  #log(name: LogName): KeptLog {
    const log = this.#logs.get(name) ?? { first: 1, base: '', top: 0, packs: [], mark: '' };
    this.#logs.set(name, log);
    return log;
  }

  /** Appends bytes that may be no pack at all. */
  append({ log: name, bytes, entries }: Pick<PackToKeep, 'log' | 'bytes' | 'entries'>): PackPlace {
    const log = this.#log(name);
    const before = log.mark;
    const seq = log.top + 1;
    log.top = seq;
    log.mark = createHash('sha256').update(before).update(bytes).digest('hex');
    const pack = { seq, before, mark: log.mark, bytes, entries };
    log.packs.push(pack);
    let kept = log.packs.reduce((sum, pack) => sum + pack.entries, 0);
    while (kept > this.#maxEntries) {
      const dropped = log.packs.shift();
      kept -= dropped?.entries ?? 0;
      log.base = dropped?.mark ?? log.base;
      log.first = log.packs[0]?.seq ?? seq + 1;
    }
    for (const listener of this.listeners) listener(name, pack);
    return { seq, before, mark: log.mark };
  }

  /** Puts back packs, if a log ends at the stated place. */
  restore(log: LogName, { top, mark }: BrokerEnd, packs: readonly Omit<PackToKeep, 'log'>[], from: BrokerEnd): boolean {
    const end = this.read({ log, after: 0, maxPacks: 0 });
    if (end.top !== top || end.mark !== mark) return false;
    if (from.top !== top) {
      const { top: seq, mark: base } = from;
      this.#logs.set(log, { first: seq + 1, base, top: seq, packs: [], mark: base });
    }
    for (const { bytes, entries } of packs) this.append({ log, bytes, entries });
    return true;
  }

  read({ log: name, after, maxPacks }: BrokerRange): BrokerPage {
    const { first, top, packs, mark } = this.#log(name);
    const from = packs.findLastIndex(({ seq }) => seq <= after) + 1;
    return { first, top, mark, packs: packs.slice(from, from + maxPacks) };
  }

  loseEnd(name: LogName, top: number): void {
    if (top === 0) {
      this.#logs.delete(name);
      return;
    }
    const log = this.#log(name);
    log.packs = log.packs.filter(({ seq }) => seq <= top);
    const last = log.packs.at(-1);
    log.mark = last?.mark ?? log.base;
    log.top = last?.seq ?? log.first - 1;
  }

  /** Gives the next pack of a log a higher number than this. */
  skip(name: LogName, top: number): void {
    const log = this.#log(name);
    if (log.packs.length === 0) log.first = top + 1;
    if (log.packs.length === 0) log.base = log.mark;
    log.top = top;
  }
}

/** The two connections of a broker, by their requests. */
type Way = 'appends' | 'reads';

/**
 * A broker behind two connections that delay, repeat and break, as their network's seed says. A request on one can be
 * answered before an earlier request on the other one.
 */
export class SimulatedBroker implements Broker {
  readonly #network: SimulatedNetwork;
  readonly #store: BrokerStore;
  readonly #asked = new Set<(why: Error) => void>();
  #connections: Readonly<Record<Way, SimulatedConnection>> | null = null;
  #isClosed = false;

  constructor(network: SimulatedNetwork, store: BrokerStore) {
    this.#network = network;
    this.#store = store;
  }

  open(listener: BrokerListener): void {
    if (this.#isClosed) return;
    const hear = (log: LogName, pack: KeptPack): void => {
      // Some packs are too large to be delivered with their announcement.
      const isLarge = pack.seq % 3 === 0;
      reads.send('down', () => (isLarge ? listener.published(log, pack.seq) : listener.delivered(log, pack)));
    };
    const onCut = (): void => {
      if (this.#connections === null) return;
      this.#store.listeners.delete(hear);
      this.#connections = null;
      for (const connection of [appends, reads]) connection.cut();
      for (const lost of [...this.#asked]) lost(new Error('cut'));
      if (this.#isClosed) return;
      listener.lost(new Error('cut'));
      this.#network.later(() => this.open(listener));
    };
    const appends = this.#network.connect(onCut);
    const reads = this.#network.connect(onCut);
    this.#store.listeners.add(hear);
    this.#connections = { appends, reads };
    listener.found(0);
  }

  #ask<T>(way: Way, answer: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const connection = this.#connections?.[way];
      if (connection === undefined) {
        reject(new Error('away'));
        return;
      }
      this.#asked.add(reject);
      connection.send('up', () => {
        const found = answer();
        connection.send('down', () => {
          this.#asked.delete(reject);
          resolve(found);
        });
      });
    });
  }

  append(packs: readonly PackToKeep[]): Promise<readonly PackPlace[]> {
    return this.#ask('appends', () => packs.map((pack) => this.#store.append(pack)));
  }

  restore(log: LogName, end: BrokerEnd, packs: readonly Omit<PackToKeep, 'log'>[], from: BrokerEnd): Promise<boolean> {
    return this.#ask('appends', () => this.#store.restore(log, end, packs, from));
  }

  read(ranges: readonly BrokerRange[]): Promise<readonly BrokerPage[]> {
    return this.#ask('reads', () => ranges.map((range) => this.#store.read(range)));
  }

  ends(logs: readonly LogName[]): Promise<readonly BrokerEnd[]> {
    return this.#ask('reads', () => logs.map((log) => this.#store.read({ log, after: 0, maxPacks: 0 })));
  }

  async lease(node: string, ms: number): Promise<void> {
    await this.#ask('appends', () => this.#store.leases.lease(node, ms));
  }

  async expired(): Promise<readonly string[]> {
    return (await this.#ask('appends', () => this.#store.leases.expired())) ?? [];
  }

  async living(): Promise<readonly string[]> {
    return (await this.#ask('appends', () => this.#store.leases.living())) ?? [];
  }

  async forget(node: string): Promise<void> {
    await this.#ask('appends', () => this.#store.leases.forget(node));
  }

  close(): void {
    this.#isClosed = true;
    this.#connections?.appends.cut();
  }
}
