/** Packs in Redis. */
import { randomBytes } from 'node:crypto';
import type {
  Broker,
  BrokerEnd,
  BrokerListener,
  BrokerPage,
  BrokerRange,
  PackPlace,
  PackToKeep,
} from '../../log/broker.js';
import type { LogName } from '../../log/entry.js';
import { isLogName } from '../../log/log-name.js';
import { Link } from '../link.js';
import { LinkGroup } from '../link-group.js';
import type { KeptState } from '../log-reads.js';
import type { LogTop } from '../log-tops.js';
import { ServerAge } from '../server-age.js';
import { StoreError } from '../store-error.js';
import { contentOf, LINE_END, namesIn, pageOf, partIn, placeOf, type RedisState } from './answers.js';
import { type Command, connect } from './driver.js';
import { examine, type RedisDurability } from './durability.js';
import { redisError } from './redis-error.js';
import { parseRedisUrl, type RedisPlace } from './redis-url.js';
import { integerIn, listIn, type Reply, textIn } from './reply.js';
import { type Ask, carryOut, Script } from './script.js';
import * as scripts from './scripts.js';
import { Unheard } from './unheard.js';

/** The choices of a {@link RedisBroker}. */
export interface RedisBrokerOptions {
  /** `redis://USER:PASSWORD@HOST:PORT/NUMBER`, or `rediss://` for TLS. */
  readonly url: string;
  /** Whether the server may be one that loses what it has acknowledged. @defaultValue false */
  readonly allowLoss?: boolean;
  /** The most entries that each log keeps, at least 0. @defaultValue no limit */
  readonly maxEntries?: number;
}

/** The logs of a server. */
export interface RedisContent {
  readonly states: readonly RedisState[];
  /** Any other log begins behind this number. */
  readonly floor: number;
}

/** How long a command may take, in milliseconds: a disk may be busy for seconds. */
const TIMEOUT_MS = 10_000;
/** The bytes that must fit into a server that has refused something, before it counts as back. */
const TRIAL_BYTES = 65_536;
/** A server does one thing at a time: the most logs of which it reads packs, or ends, in one. */
const [MAX_LOGS_READ, MAX_LOGS_ENDS] = [20, 500];
/** How long packs stay that are in a state, in milliseconds: followers that are behind still read them. */
const RETAIN_MS = 600_000;
/** For how long nobody has used a log that may be removed, in milliseconds. Those that follow it say so every hour. */
const UNUSED_MS = 10_800_000;
/** The most logs that are removed at once. */
const MAX_REMOVED = 100;

const decoder = new TextDecoder();

const APPEND = new Script(scripts.APPEND);
const RESTORE = new Script(scripts.RESTORE);
const SERVING = new Script(scripts.SERVING);
const READ = new Script(scripts.READ);
const ENDS = new Script(scripts.ENDS);
const LEASE = new Script(scripts.LEASE);
const EXPIRED = new Script(scripts.EXPIRED);
const LIVING = new Script(scripts.LIVING);
const FORGET = new Script(scripts.FORGET);
const KEEP = new Script(scripts.KEEP);
const RETAIN = new Script(scripts.RETAIN);
const STATES = new Script(scripts.STATES);
const STATE = new Script(scripts.STATE);
const USE = new Script(scripts.USE);
const REMOVE = new Script(scripts.REMOVE);
const SKIP = new Script(scripts.SKIP);

/**
 * Three connections: on one it appends and renews leases, on another one it reads, so that a follower that is far
 * behind does not delay an append, and on the third one it listens. A server ends the connection of a listener for
 * which much waits (`client-output-buffer-limit pubsub`), and an answer with many packs would count.
 */
export class RedisBroker implements Broker {
  readonly #writer: Link<Command, Reply>;
  readonly #reader: Link<Command, Reply>;
  readonly #subscriber: Link<Command, Reply>;
  readonly #links = new LinkGroup();
  readonly #place: RedisPlace;
  readonly #allowLoss: boolean;
  readonly #maxEntries: number;
  /** By this, it knows its own hints. */
  readonly #name = randomBytes(9).toString('base64url');
  /**
   * Appends wait for what this process has announced before. Otherwise a busy process would append faster than it
   * hears, until the server ends its third connection.
   */
  readonly #unheard = new Unheard();
  #listener: BrokerListener | null = null;
  #durability: RedisDurability = 'unknown';
  readonly #serverAge = new ServerAge();
  /** Whether the server has refused something: it must show that it has room. */
  #isOnTrial = false;

  /** @throws StoreError: ERR_STORE_CONNECTION if the URL is none of Redis */
  constructor({ url, allowLoss = false, maxEntries = Number.MAX_SAFE_INTEGER }: RedisBrokerOptions) {
    const place = parseRedisUrl(url);
    if (place === null) throw new StoreError('ERR_STORE_CONNECTION', 'the URL of the Redis server cannot be read');
    this.#place = place;
    this.#allowLoss = allowLoss;
    this.#maxEntries = maxEntries;
    const common = { timeoutMs: TIMEOUT_MS, found: this.#links.found, lost: this.#links.lost };
    this.#writer = new Link({ ...common, connect: this.#connect, prepare: this.#prepareWriter });
    this.#reader = new Link({ ...common, connect: this.#connect });
    this.#subscriber = new Link({ ...common, connect: this.#connect, prepare: this.#subscribe });
  }

  /** Connects once, to find out whether the server can have the logs, and which it has. @throws StoreError */
  async examine(): Promise<RedisContent> {
    const link = new Link({ connect: this.#connect, timeoutMs: TIMEOUT_MS, prepare: this.#prepareWriter });
    try {
      await link.connect();
      const logs = namesIn(await link.query(['SMEMBERS', scripts.LOGS]));
      const states = await statesOf(logs, (ask) => link.use((run) => carryOut(run, ask)));
      const floor = await link.query(['GET', scripts.FLOOR]);
      return { states, floor: floor === null ? 0 : integerIn(floor) };
    } catch (error) {
      throw redisError(error);
    } finally {
      link.close();
    }
  }

  open(listener: BrokerListener): void {
    this.#listener = listener;
    this.#links.open([this.#writer, this.#reader, this.#subscriber], {
      found: () => {
        this.#unheard.forget();
        listener.found(this.#serverAge.ms);
      },
      lost: (why) => {
        this.#unheard.forget();
        listener.lost(why);
      },
    });
  }

  /** Why one of its connections could not be made. */
  get problem(): StoreError {
    return redisError(this.#links.problem ?? new Error('no connection for the logs: a server needs three'));
  }

  /** The server's latest answer. */
  get durability(): RedisDurability {
    return this.#durability;
  }

  async append(packs: readonly PackToKeep[]): Promise<readonly PackPlace[]> {
    await this.#unheard.none();
    const { keys, parameters } = this.#appending(packs);
    this.#unheard.add(packs.length);
    return listIn(await this.#write(APPEND.asks(keys, parameters))).map(placeOf);
  }

  async restore(
    log: LogName,
    { top, mark }: BrokerEnd,
    packs: readonly Omit<PackToKeep, 'log'>[],
    from: BrokerEnd,
  ): Promise<boolean> {
    const { keys, parameters } = this.#appending(
      packs.map((pack) => ({ ...pack, log })),
      [log],
    );
    return integerIn(await this.#write(RESTORE.asks(keys, [...parameters, from.top, from.mark, top, mark]))) === 1;
  }

  /** The arguments of the scripts that append. */
  #appending(
    packs: readonly PackToKeep[],
    logs: readonly LogName[] = [...new Set(packs.map(({ log }) => log))],
  ): Pick<Ask, 'keys' | 'parameters'> {
    const indexes = new Map(logs.map((log, index) => [log, index + 1]));
    const keys = [scripts.LOGS, ...logs.flatMap(scripts.keysOf), scripts.FLOOR];
    const given = packs.flatMap(({ log, entries, atMs, bytes }) => [indexes.get(log) ?? 0, entries, atMs, bytes]);
    const common = [scripts.channelOf(this.#place.db), this.#name, this.#maxEntries];
    return { keys, parameters: [...common, ...logs, ...given] };
  }

  async read(ranges: readonly BrokerRange[]): Promise<readonly BrokerPage[]> {
    const pages: BrokerPage[] = [];
    for (let at = 0; at < ranges.length; at += MAX_LOGS_READ) {
      const some = ranges.slice(at, at + MAX_LOGS_READ);
      const keys = [...some.flatMap(({ log }) => scripts.keysOf(log)), scripts.FLOOR];
      const ask = READ.asks(
        keys,
        some.flatMap(({ after, maxPacks }) => [after, maxPacks]),
      );
      pages.push(...listIn(await this.#ask(ask)).map(pageOf));
    }
    return pages;
  }

  ends(logs: readonly LogName[]): Promise<readonly BrokerEnd[]> {
    // Otherwise nobody would notice that nothing arrives on this connection any more.
    void this.#subscriber.query(['PING']).catch(() => undefined);
    return ofAll(
      logs,
      ENDS,
      (ask) => this.#ask({ ...ask, keys: [...ask.keys, scripts.FLOOR] }),
      (reply) => {
        const [top, mark] = listIn(reply);
        return { top: integerIn(top), mark: textIn(mark) };
      },
    );
  }

  async lease(node: string, ms: number): Promise<void> {
    await this.#write(LEASE.asks([scripts.LEASES, scripts.USERS], [node, ms]));
  }

  async expired(): Promise<readonly string[]> {
    return listIn(await this.#write(EXPIRED.asks([scripts.LEASES], []))).map(textIn);
  }

  async living(): Promise<readonly string[]> {
    return listIn(await this.#write(LIVING.asks([scripts.LEASES], []))).map(textIn);
  }

  async forget(node: string): Promise<void> {
    await this.#write(FORGET.asks([scripts.LEASES, scripts.USERS], [node]));
  }

  /** Keeps the state of a log after a pack, unless a later one is kept. @param state - null if there is none */
  async keep(log: LogName, seq: number, state: string | null): Promise<void> {
    // A refused one is no sign for appends.
    await this.#writer.use((run) => carryOut(run, KEEP.asks(scripts.keysOf(log), [seq, state ?? '', RETAIN_MS])));
  }

  /** Drops a part of the packs that are in a state and older than a time. @returns how many */
  async retain(log: LogName, fromMs: number): Promise<number> {
    return integerIn(await this.#write(RETAIN.asks(scripts.keysOf(log), [fromMs])));
  }

  /** Gives the next packs of logs higher numbers than these. */
  async skip(ends: readonly LogTop<LogName>[]): Promise<void> {
    for (let at = 0; at < ends.length; at += MAX_LOGS_ENDS) {
      const some = ends.slice(at, at + MAX_LOGS_ENDS);
      const keys = [scripts.LOGS, ...some.map(({ log }) => scripts.keysOf(log)[0]), scripts.FLOOR];
      const ask = SKIP.asks(
        keys,
        some.flatMap(({ log, top }) => [top, log]),
      );
      await this.#writer.use((run) => carryOut(run, ask));
    }
  }

  /** Returns the names of all logs. */
  async logs(): Promise<readonly LogName[]> {
    return namesIn(await this.#reader.query(['SMEMBERS', scripts.LOGS]));
  }

  /** Returns the kept part of a log that somebody is about to follow: it is there from then on. */
  async state(log: LogName): Promise<KeptState> {
    // Somebody who starts asks for thousands: appends and leases do not wait for them.
    return partIn(await this.#ask(STATE.asks([scripts.LOGS, scripts.keysOf(log)[0], scripts.FLOOR], [log])));
  }

  /** Notes that logs are in use. */
  async use(logs: readonly LogName[]): Promise<void> {
    for (let at = 0; at < logs.length; at += MAX_LOGS_ENDS) {
      const some = logs.slice(at, at + MAX_LOGS_ENDS);
      const keys = [scripts.LOGS, ...some.map((log) => scripts.keysOf(log)[0]), scripts.FLOOR];
      await this.#writer.use((run) => carryOut(run, USE.asks(keys, some)));
    }
  }

  /** Removes those of some logs that nobody uses, of which nothing is kept. @returns those that it has removed */
  async remove(logs: readonly LogName[]): Promise<readonly LogName[]> {
    const { LOGS, FLOOR, LEASES, USERS, VERSION_KEY } = scripts;
    const removed: LogName[] = [];
    for (let at = 0; at < logs.length; at += MAX_REMOVED) {
      const some = logs.slice(at, at + MAX_REMOVED);
      const keys = [LOGS, FLOOR, LEASES, USERS, VERSION_KEY, ...some.flatMap(scripts.keysOf)];
      const ask = REMOVE.asks(keys, [UNUSED_MS, scripts.VERSION, ...some]);
      const places = listIn(await this.#writer.use((run) => carryOut(run, ask))).map(integerIn);
      removed.push(...some.filter((_, index) => places.includes(index + 1)));
    }
    return removed;
  }

  /** Returns the kept parts of logs. */
  states(logs: readonly LogName[]): Promise<readonly RedisState[]> {
    return statesOf(logs, (ask) => this.#ask(ask));
  }

  close(): void {
    this.#listener = null;
    this.#links.close();
    this.#unheard.forget();
  }

  async #ask(ask: Ask): Promise<Reply> {
    return this.#reader.use((run) => carryOut(run, ask));
  }

  async #write(ask: Ask): Promise<Reply> {
    try {
      return await this.#writer.use((run) => carryOut(run, ask));
    } catch (error) {
      // If a server refuses it, for example because its disk is full, it is tried until it is accepted.
      this.#isOnTrial = true;
      this.#writer.drop(redisError(error));
      throw error;
    }
  }

  readonly #connect = (lost: (why: Error) => void) => {
    return connect(this.#place, {
      lost: (why) => {
        lost(redisError(why));
      },
      published: this.#published,
    });
  };

  readonly #prepareWriter = async (run: (command: Command) => Promise<Reply>): Promise<void> => {
    const { durability, runId } = await examine(run, this.#allowLoss);
    this.#durability = durability;
    // It becomes this one when something is written that an earlier version cannot take.
    await run(['SET', scripts.VERSION_KEY, scripts.FIRST_VERSION, 'NX']);
    const version = integerIn(await run(['GET', scripts.VERSION_KEY]));
    if (version > scripts.VERSION) {
      const known = `this one knows versions up to ${scripts.VERSION}`;
      throw new StoreError('ERR_STORE_VERSION', `a later fdmux has written the logs: version ${version}, ${known}`);
    }
    // Nothing is appended, but scripts must be allowed.
    await carryOut(run, APPEND.asks([scripts.LOGS, scripts.FLOOR], [scripts.channelOf(this.#place.db), this.#name, 0]));
    // A server whose process is unknown counts as another one.
    const ask = SERVING.asks([scripts.SERVING_KEY], [runId ?? '']);
    this.#serverAge.said(runId === null ? 0 : integerIn(await carryOut(run, ask)));
    if (!this.#isOnTrial) return;
    await run(['SET', scripts.TRIAL, new Uint8Array(TRIAL_BYTES)]);
    await run(['DEL', scripts.TRIAL]);
    this.#isOnTrial = false;
  };

  readonly #subscribe = async (run: (command: Command) => Promise<Reply>): Promise<void> => {
    await run(['SUBSCRIBE', scripts.channelOf(this.#place.db)]);
  };

  readonly #published = (message: Uint8Array): void => {
    const end = message.indexOf(LINE_END);
    const hint = decoder.decode(end < 0 ? message : message.subarray(0, end));
    const [sender = '', top = ''] = hint.split(' ', 2);
    if (sender === this.#name) {
      this.#unheard.heard();
      return;
    }
    const name = hint.slice(sender.length + top.length + 2);
    if (!isLogName(name)) return;
    if (end < 0) this.#listener?.published(name, Number(top));
    else this.#listener?.delivered(name, { seq: Number(top), ...contentOf(message.subarray(end + 1)) });
  };
}

/** Asks about logs by their first keys, but not about too many at once. */
async function ofAll<T>(
  logs: readonly LogName[],
  script: Script,
  answer: (ask: Ask) => Promise<Reply>,
  of: (reply: Reply) => T,
): Promise<T[]> {
  const found: T[] = [];
  for (let at = 0; at < logs.length; at += MAX_LOGS_ENDS) {
    const keys = logs.slice(at, at + MAX_LOGS_ENDS).map((log) => scripts.keysOf(log)[0]);
    found.push(...listIn(await answer(script.asks(keys, []))).map(of));
  }
  return found;
}

async function statesOf(
  logs: readonly LogName[],
  answer: (ask: Ask) => Promise<Reply>,
): Promise<readonly RedisState[]> {
  const states = await ofAll(logs, STATES, answer, partIn);
  return states.map((state, index) => ({ log: logs[index] ?? 'd', ...state }));
}
