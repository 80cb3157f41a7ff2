/** Logs that a broker keeps, for all processes that have a connection to it. */
import type { Broker, BrokerListener, PackPlace, PackToKeep } from './broker.js';
import { decodePack, encodePack } from './codec.js';
import type { LogName, Pack } from './entry.js';
import { RemoteFollower } from './remote-follower.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog } from './shared-log.js';

/** How often those who hear nothing ask whether there is something, in milliseconds. */
const LOOK_MS = 500;
/** The most bytes of one call of appends, unless a single pack has more. */
const MAX_CALL_BYTES = 1_048_576;
/** The most logs that one question is about. */
const MAX_RANGES = 500;

/** The choices of a {@link RemoteLog}. */
export interface RemoteLogOptions {
  /** Hears once that the broker cannot be reached, or takes nothing, and once (null) that it does again. */
  readonly onTrouble?: (why: Error | null) => void;
}

interface Queued {
  readonly pack: PackToKeep;
  readonly entries: Pack;
  readonly answer: AppendAnswer;
}

interface Arrived {
  readonly place: PackPlace;
  readonly queued: Queued;
}

/**
 * The logs of one broker. What one turn appends leaves in one call, and one call is under way at a time: what is
 * appended meanwhile leaves together in the next. Followers are told of the packs of this process when these have their
 * numbers, and ask for those of others. While the broker cannot be reached, appends fail as `unknown`.
 */
export class RemoteLog implements SharedLog {
  readonly #broker: Broker;
  readonly #onTrouble: (why: Error | null) => void;
  readonly #followers = new Map<LogName, Set<RemoteFollower>>();
  /** Those that lack something, or may. */
  readonly #wanting = new Set<RemoteFollower>();
  #queue: Queued[] = [];
  #isAppending = false;
  #isReading = false;
  #isLooking = false;
  /** Packs that have their places, on their way to the followers. A sink may append while it is called. */
  readonly #arrived: Arrived[] = [];
  #isTelling = false;
  #isUp = false;
  #isClosed = false;
  /** Those who wait until the broker can be reached. */
  readonly #onUp: (() => void)[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(broker: Broker, { onTrouble = () => undefined }: RemoteLogOptions = {}) {
    this.#broker = broker;
    this.#onTrouble = onTrouble;
    this.#timer = setInterval(() => {
      this.look();
    }, LOOK_MS);
    broker.open(this.#listener);
  }

  /** Whether the broker can be reached. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** How many packs are known to be in the logs that have not been applied here. */
  get lag(): number {
    return this.#all().reduce((sum, { lag }) => sum + lag, 0);
  }

  /** Waits until the broker can be reached, or the log is closed. */
  whenUp(): Promise<void> {
    if (this.#isUp || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onUp.push(resolve);
    });
  }

  /** Whether something has been appended or asked for that is not answered yet. */
  get isBusy(): boolean {
    const isAsking = this.#isReading || this.#isLooking || this.#wanting.size > 0;
    return isAsking || this.#isAppending || this.#queue.length > 0;
  }

  append(name: LogName, entries: Pack, answer: AppendAnswer): void {
    const encoded = this.#isClosed ? null : encodePack(entries);
    if (encoded === null) answer.failed('closed');
    else if (encoded.kind !== 'bytes') answer.failed('invalid');
    else if (!this.#isUp) answer.failed('unknown');
    else {
      const atMs = entries.at(-1)?.atMs ?? 0;
      const pack = { log: name, bytes: encoded.bytes, entries: entries.length, atMs };
      this.#queue.push({ pack, entries, answer });
      // After the callback that is running, which is one turn of the server.
      if (this.#queue.length === 1 && !this.#isAppending) queueMicrotask(this.#send);
    }
  }

  follow(name: LogName, after: number, sink: LogSink): Following {
    const follower = new RemoteFollower(this, name, after, sink);
    if (this.#isClosed) return follower;
    const others = this.#followers.get(name) ?? new Set();
    this.#followers.set(name, others.add(follower));
    if (this.#isUp) this.want(follower);
    else follower.away();
    return follower;
  }

  isFollowedBy(follower: RemoteFollower): boolean {
    return this.#followers.get(follower.name)?.has(follower) === true;
  }

  leave(follower: RemoteFollower): void {
    const followers = this.#followers.get(follower.name);
    followers?.delete(follower);
    if (followers?.size === 0) this.#followers.delete(follower.name);
    this.#wanting.delete(follower);
  }

  async read(log: LogName, { after, maxPacks }: LogRange): Promise<Excerpt | null> {
    const [page] = await this.#ask((broker) => broker.read([{ log, after, maxPacks }]), []);
    if (page === undefined) return null;
    const { first, top } = page;
    return { packs: page.packs.map(({ seq, bytes }) => ({ seq, ...decodePack(bytes) })), first, top };
  }

  lease(node: string, ms: number): Promise<boolean> {
    return this.#ask((broker) => broker.lease(node, ms).then(() => true), false);
  }

  expired(): Promise<readonly string[] | null> {
    return this.#ask<readonly string[] | null>((broker) => broker.expired(), null);
  }

  living(): Promise<readonly string[] | null> {
    return this.#ask<readonly string[] | null>((broker) => broker.living(), null);
  }

  forget(node: string): Promise<boolean> {
    return this.#ask((broker) => broker.forget(node).then(() => true), false);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#followers.clear();
    this.#wanting.clear();
    this.#broker.close();
    this.#fail(this.#queue.splice(0));
    this.#letGo();
  }

  #letGo(): void {
    for (const goOn of this.#onUp.splice(0)) goOn();
  }

  /** Has everybody find out whether it lacks something, or has what the log has lost. */
  look(): void {
    if (!this.#isUp || this.#isLooking || this.#followers.size === 0) return;
    this.#isLooking = true;
    void this.#compareEnds([...this.#followers.keys()]);
  }

  /** Has a follower ask for what it lacks. */
  want(follower: RemoteFollower): void {
    this.#wanting.add(follower);
    if (!this.#isReading && this.#isUp) void this.#readAll();
  }

  readonly #listener: BrokerListener = {
    found: () => {
      if (this.#isUp || this.#isClosed) return;
      this.#isUp = true;
      this.#onTrouble(null);
      this.#letGo();
      for (const follower of this.#all()) follower.back();
    },
    lost: (why) => {
      if (!this.#isUp || this.#isClosed) return;
      this.#isUp = false;
      this.#onTrouble(why);
      this.#wanting.clear();
      this.#fail(this.#queue.splice(0));
      for (const follower of this.#all()) follower.away();
    },
    published: (log, top) => {
      for (const follower of this.#followers.get(log) ?? []) follower.published(top);
    },
  };

  #all(): RemoteFollower[] {
    return [...this.#followers.values()].flatMap((followers) => [...followers]);
  }

  async #ask<T>(ask: (broker: Broker) => Promise<T>, otherwise: T): Promise<T> {
    if (this.#isClosed || !this.#isUp) return otherwise;
    return ask(this.#broker).catch(() => otherwise);
  }

  readonly #send = (): void => {
    if (this.#isAppending || this.#queue.length === 0) return;
    this.#isAppending = true;
    void this.#appendAll(this.#nextCall());
  };

  #nextCall(): Queued[] {
    let bytes = 0;
    const size = this.#queue.findIndex(({ pack }, index) => {
      bytes += pack.bytes.length;
      return index > 0 && bytes > MAX_CALL_BYTES;
    });
    return this.#queue.splice(0, size < 0 ? this.#queue.length : size);
  }

  async #appendAll(call: readonly Queued[]): Promise<void> {
    const places = await this.#broker.append(call.map(({ pack }) => pack)).catch(() => null);
    this.#isAppending = false;
    this.#send();
    if (places === null || this.#isClosed) {
      this.#fail(call);
      return;
    }
    for (const [index, queued] of call.entries()) {
      const place = places[index];
      if (place === undefined) queued.answer.failed('unknown');
      else this.#arrived.push({ place, queued });
    }
    this.#tellAll();
  }

  #fail(call: readonly Queued[]): void {
    for (const { answer } of call) answer.failed(this.#isClosed ? 'closed' : 'unknown');
  }

  #tellAll(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#arrived.shift(); next !== undefined; next = this.#arrived.shift()) this.#tell(next);
    } finally {
      this.#isTelling = false;
    }
  }

  #tell({ place, queued: { pack, entries, answer } }: Arrived): void {
    for (const follower of [...(this.#followers.get(pack.log) ?? [])]) follower.placed(place, entries);
    if (this.#isClosed) answer.failed('closed');
    else answer.appended(place.seq);
  }

  /** Asks for everything that is wanted, as long as something is. */
  async #readAll(): Promise<void> {
    this.#isReading = true;
    // What becomes wanted in this turn is asked for with the rest.
    await Promise.resolve();
    while (this.#wanting.size > 0 && this.#isUp) {
      const asking = [...this.#wanting].slice(0, MAX_RANGES);
      for (const follower of asking) this.#wanting.delete(follower);
      const pages = await this.#broker.read(asking.map((follower) => follower.range())).catch(() => null);
      // They ask again when the broker is back, or at the next look.
      for (const [index, follower] of asking.entries()) {
        const page = pages?.[index];
        if (page !== undefined && this.isFollowedBy(follower)) follower.answered(page);
      }
    }
    this.#isReading = false;
  }

  async #compareEnds(names: readonly LogName[]): Promise<void> {
    const ends = await this.#broker.ends(names).catch(() => []);
    this.#isLooking = false;
    for (const [index, name] of names.entries()) {
      const end = ends[index];
      if (end === undefined) continue;
      for (const follower of this.#followers.get(name) ?? []) if (!follower.agrees(end)) this.want(follower);
    }
  }
}
