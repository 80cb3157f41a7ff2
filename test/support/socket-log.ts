import { decodePack, encodePack } from '../../src/log/codec.js';
import { type LogName, MAX_PACK_ENTRIES, type Pack } from '../../src/log/entry.js';
import { MemoryLog } from '../../src/log/memory-log.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog } from '../../src/log/shared-log.js';
import type { SimulatedConnection, SimulatedNetwork } from './simulated-network.js';

/** The most packs that one answer brings. */
const PAGE_PACKS = 100;

interface StoredBytes {
  readonly bytes: Uint8Array;
  readonly entries: number;
}

interface Page {
  readonly packs: readonly { readonly seq: number; readonly bytes: Uint8Array }[];
  readonly first: number;
  readonly top: number;
  /** How often the end of a log has been lost. */
  readonly losses: number;
  /**
   * The end up to which the asker may have applied the current packs: the least end since the losses that it knows of.
   */
  readonly sound: number;
}

/** The place of the logs: it keeps bytes, and knows nothing of their contents. */
export class LogServer {
  /** Only for leases. */
  readonly leases: MemoryLog;
  readonly #maxEntries: number;
  readonly #logs = new Map<LogName, { first: number; readonly packs: StoredBytes[] }>();
  readonly #losses: { readonly name: LogName; readonly top: number }[] = [];
  readonly #publish = new Set<(name: LogName, seq: number, bytes: Uint8Array, losses: number) => void>();

  constructor(maxEntries: number, now: () => number) {
    this.#maxEntries = maxEntries;
    this.leases = new MemoryLog({ now });
  }

  #log(name: LogName): { first: number; readonly packs: StoredBytes[] } {
    const log = this.#logs.get(name) ?? { first: 1, packs: [] };
    this.#logs.set(name, log);
    return log;
  }

  /** Appends bytes that may be no pack at all, and reports it to the listeners. */
  append(name: LogName, bytes: Uint8Array, entries: number): number {
    const log = this.#log(name);
    log.packs.push({ bytes, entries });
    const seq = log.first + log.packs.length - 1;
    let kept = log.packs.reduce((sum, pack) => sum + pack.entries, 0);
    while (kept > this.#maxEntries) {
      kept -= log.packs.shift()?.entries ?? 0;
      log.first += 1;
    }
    for (const publish of this.#publish) publish(name, seq, bytes, this.#losses.length);
    return seq;
  }

  /** Returns packs from a number on. @param losses - the losses that the asker knows of; null for a new asker */
  read(name: LogName, after: number, maxPacks: number, losses: number | null): Page {
    const { first, packs } = this.#log(name);
    const from = Math.max(after + 1, first);
    const unknown = this.#losses.slice(losses ?? Infinity).filter((loss) => loss.name === name);
    return {
      packs: packs
        .slice(from - first, from - first + maxPacks)
        .map(({ bytes }, index) => ({ seq: from + index, bytes })),
      first,
      top: first + packs.length - 1,
      losses: this.#losses.length,
      sound: Math.min(...unknown.map(({ top }) => top), Infinity),
    };
  }

  loseEnd(name: LogName, top: number): void {
    const log = this.#log(name);
    log.packs.splice(top - log.first + 1);
    this.#losses.push({ name, top });
  }

  listen(publish: (name: LogName, seq: number, bytes: Uint8Array, losses: number) => void): () => void {
    this.#publish.add(publish);
    return () => this.#publish.delete(publish);
  }
}

/** A follower: publications are hints; packs that do not fit are read. */
class Follower implements Following {
  readonly name: LogName;
  readonly #sink: LogSink;
  readonly #client: SocketLog;
  #applied: number;
  #losses: number | null = null;
  #isAsking = false;
  #asksAgain = false;
  /** Where the log ended when it was followed; null before the first answer. */
  #end: number | null = null;
  #hasCaughtUp = false;

  constructor(client: SocketLog, name: LogName, after: number, sink: LogSink) {
    this.#client = client;
    this.name = name;
    this.#applied = after;
    this.#sink = sink;
  }

  get applied(): number {
    return this.#applied;
  }

  stop(): void {
    this.#client.leave(this);
  }

  away(): void {
    this.#isAsking = false;
    this.#sink.away();
  }

  back(): void {
    this.#sink.back();
    this.ask();
  }

  published(seq: number, bytes: Uint8Array, losses: number): void {
    if (losses === this.#losses && seq === this.#applied + 1) this.#take(seq, bytes);
    else if (losses !== this.#losses || seq > this.#applied) this.ask();
  }

  /** Reads the missing packs. One question at a time; one that arrives meanwhile is asked afterwards. */
  ask(): void {
    if (this.#isAsking) {
      this.#asksAgain = true;
      return;
    }
    this.#isAsking = this.#client.request(
      (server) => server.read(this.name, this.#applied, PAGE_PACKS, this.#losses),
      (page) => {
        this.#isAsking = false;
        if (this.#client.isFollowedBy(this)) this.#turn(page);
      },
    );
  }

  #turn({ packs, first, top, losses, sound }: Page): void {
    const end = Math.min(sound, top);
    const applied = this.#applied;
    this.#losses = losses;
    if (applied > end) {
      this.#applied = end;
      this.#sink.regressed(applied, end);
    } else if (applied + 1 < first) {
      this.#applied = first - 1;
      this.#sink.missing(applied + 1, first - 1);
    }
    this.#end ??= top;
    for (const { seq, bytes } of packs) if (seq === this.#applied + 1) this.#take(seq, bytes);
    this.#mayHaveCaughtUp(Math.min(this.#end, top));
    const again = this.#asksAgain || this.#applied < top;
    this.#asksAgain = false;
    if (again) this.ask();
  }

  #mayHaveCaughtUp(end: number): void {
    if (this.#hasCaughtUp || this.#applied < end || !this.#client.isFollowedBy(this)) return;
    this.#hasCaughtUp = true;
    this.#sink.caughtUp();
  }

  #take(seq: number, bytes: Uint8Array): void {
    if (!this.#client.isFollowedBy(this)) return;
    this.#applied = seq;
    const decoded = decodePack(bytes);
    if (decoded.kind === 'pack') this.#sink.pack(seq, decoded.entries);
    else this.#sink.unreadable(seq, decoded);
  }
}

/** A log behind a connection that delays, repeats and breaks, as its network's seed says. */
export class SocketLog implements SharedLog {
  readonly #network: SimulatedNetwork;
  readonly #server: LogServer;
  readonly #followers = new Set<Follower>();
  /** The unanswered questions, each with the callback for the case that no answer will arrive. */
  readonly #asked = new Set<{ readonly lost: () => void }>();
  #connection: SimulatedConnection | null = null;
  #isDetached = false;
  #isClosed = false;

  constructor(network: SimulatedNetwork, server: LogServer) {
    this.#network = network;
    this.#server = server;
    this.#connect();
  }

  /** Cuts the connection, and opens no other one before {@link attach}. */
  detach(): void {
    this.#isDetached = true;
    this.#connection?.cut();
  }

  attach(): void {
    this.#isDetached = false;
    if (this.#connection === null) this.#connect();
  }

  #connect(): void {
    if (this.#isClosed) return;
    const connection = this.#network.connect(() => {
      unlisten();
      this.#cut();
    });
    const unlisten = this.#server.listen((name, seq, bytes, losses) => {
      connection.send('down', () => {
        for (const follower of this.#followers) if (follower.name === name) follower.published(seq, bytes, losses);
      });
    });
    this.#connection = connection;
    for (const follower of this.#followers) follower.back();
  }

  #cut(): void {
    this.#connection = null;
    const asked = [...this.#asked];
    this.#asked.clear();
    for (const { lost } of asked) lost();
    if (this.#isClosed) return;
    for (const follower of this.#followers) follower.away();
    if (!this.#isDetached) this.#network.later(() => this.#connect());
  }

  /** Asks the server. @returns false when there is no connection; `answered` or `lost` is called once otherwise */
  request<T>(
    ask: (server: LogServer) => T,
    answered: (answer: T) => void,
    lost: () => void = () => undefined,
  ): boolean {
    const connection = this.#connection;
    if (connection === null) return false;
    const pending = { lost };
    this.#asked.add(pending);
    connection.send('up', () => {
      const answer = ask(this.#server);
      connection.send('down', () => {
        if (this.#asked.delete(pending)) answered(answer);
      });
    });
    return true;
  }

  #promise<T>(ask: (server: LogServer) => T, otherwise: T): Promise<T> {
    return new Promise((resolve) => {
      const lost = () => resolve(otherwise);
      if (!this.request(ask, resolve, lost)) lost();
    });
  }

  append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    const encoded = encodePack(pack);
    if (this.#isClosed) answer.failed('closed');
    else if (encoded.kind !== 'bytes' || pack.length > MAX_PACK_ENTRIES) answer.failed('invalid');
    else {
      const { bytes } = encoded;
      const isAsked = this.request(
        (server) => server.append(name, bytes, pack.length),
        (seq) => answer.appended(seq),
        () => answer.failed(this.#isClosed ? 'closed' : 'unknown'),
      );
      if (!isAsked) answer.failed('unknown');
    }
  }

  follow(name: LogName, after: number, sink: LogSink): Following {
    const follower = new Follower(this, name, after, sink);
    if (this.#isClosed) return follower;
    this.#followers.add(follower);
    if (this.#connection === null) sink.away();
    else follower.ask();
    return follower;
  }

  isFollowedBy(follower: Follower): boolean {
    return this.#followers.has(follower);
  }

  leave(follower: Follower): void {
    this.#followers.delete(follower);
  }

  /** Asks for the ends of all logs that are followed, as a quiet follower does every now and then. */
  check(): void {
    for (const follower of this.#followers) follower.ask();
  }

  read(name: LogName, { after, maxPacks }: LogRange): Promise<Excerpt | null> {
    return this.#promise((server) => {
      const { packs, first, top } = server.read(name, after, maxPacks, null);
      const read = packs.map(({ seq, bytes }) => {
        const decoded = decodePack(bytes);
        return { ...decoded, seq };
      });
      return { packs: read, first, top };
    }, null);
  }

  lease(node: string, ms: number): Promise<boolean> {
    return this.#promise((server) => {
      void server.leases.lease(node, ms);
      return true;
    }, false);
  }

  async expired(): Promise<readonly string[] | null> {
    return this.#promise((server) => server.leases.expired(), null);
  }

  async living(): Promise<readonly string[] | null> {
    return this.#promise((server) => server.leases.living(), null);
  }

  forget(node: string): Promise<boolean> {
    return this.#promise((server) => {
      void server.leases.forget(node);
      return true;
    }, false);
  }

  close(): void {
    this.#isClosed = true;
    this.#followers.clear();
    this.#connection?.cut();
  }
}
