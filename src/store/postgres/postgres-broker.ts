/** Packs in PostgreSQL. */
import { randomBytes } from 'node:crypto';
import { toError } from '../../errors.js';
import type {
  Broker,
  BrokerEnd,
  BrokerListener,
  BrokerPage,
  BrokerRange,
  KeptPack,
  PackPlace,
  PackToKeep,
} from '../../log/broker.js';
import type { LogName } from '../../log/entry.js';
import { isLogName } from '../../log/log-name.js';
import { integerOf, nullableOf, textOf } from '../columns.js';
import { LinkGroup } from '../link-group.js';
import { ServerAge } from '../server-age.js';
import type { StoreError } from '../store-error.js';
import { databaseError, isDeadlock } from './database-error.js';
import type { Notification, Statement } from './driver.js';
import { PostgresLink, type Run } from './link.js';
import { CHANNEL } from './log-schema.js';
import { SCHEMA } from './migrations.js';
import { transaction } from './transaction.js';

/** The choices of a {@link PostgresBroker}. */
export interface PostgresBrokerOptions {
  readonly url: string;
  /** The most entries that each log keeps, at least 0. @defaultValue no limit */
  readonly maxEntries?: number;
}

/** How long a statement may take, in milliseconds: a disk may be busy for seconds. */
const TIMEOUT_MS = 10_000;
/** The bytes that must fit into a database that has refused something, before it counts as back. */
const TRIAL_BYTES = 65_536;
/**
 * After how long, in milliseconds, the database ends the connection of a listener that takes nothing: as long as it has
 * not taken a notification, the database keeps all that follow, and in the end takes no appends.
 */
const STUCK_MS = 30_000;

const APPEND = 'SELECT * FROM append($1, $2, $3, $4, $5, $6, $7)';
const READ = `SELECT place, coalesce(first, log_floor() + 1) AS first, coalesce(top, log_floor()) AS top,
  coalesce(encode(log.mark, 'hex'), '') AS last, seq, encode(found.before, 'hex') AS before,
  encode(found.mark, 'hex') AS mark, body
  FROM unnest($1::text[], $2::bigint[], $3::integer[]) WITH ORDINALITY AS wanted(name, after, most, place)
  LEFT JOIN log ON log.name = wanted.name
  LEFT JOIN LATERAL (SELECT * FROM pack WHERE pack.log = log.id AND seq > after ORDER BY seq LIMIT most) AS found ON true
  ORDER BY place, seq`;
const ENDS = `SELECT place, coalesce(top, log_floor()) AS top, coalesce(encode(mark, 'hex'), '') AS mark
  FROM unnest($1::text[]) WITH ORDINALITY AS wanted(name, place) LEFT JOIN log ON log.name = wanted.name`;
const LEASE = `INSERT INTO lease(node, until, notes_use) VALUES($1, clock_timestamp() + $2 * interval '1 millisecond', true)
  ON CONFLICT (node) DO UPDATE SET until = excluded.until, notes_use = true`;
const EXPIRED = 'SELECT node FROM lease WHERE until <= clock_timestamp() ORDER BY until';
const LIVING = 'SELECT node FROM lease WHERE until > clock_timestamp() ORDER BY until';
const FORGET = 'DELETE FROM lease WHERE node = $1';
/** No other process appends to it until the transaction is over. */
const HOLD = "SELECT top, encode(mark, 'hex') AS mark FROM log WHERE name = $1 FOR NO KEY UPDATE";
/** The end of a log without a row. */
const FLOOR = "SELECT log_floor() AS top, '' AS mark";
/** Makes a log of which nothing is left go on after a pack. */
const BEGIN_AFTER = `INSERT INTO log(name, first, top, mark) VALUES($1, $2::bigint + 1, $2, decode($3, 'hex'))
  ON CONFLICT (name) DO UPDATE SET first = excluded.first, top = excluded.top, mark = excluded.mark WHERE log.mark = ''`;
/**
 * Returns how long the server has been the same one. The first process that meets another one notes the time: a replica
 * that takes over has been running for long.
 */
const SERVING = `WITH server AS (SELECT extract(epoch FROM pg_postmaster_start_time())::text AS started,
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms)
  INSERT INTO fact AS known(name, value) SELECT 'serving', started || ' ' || now_ms FROM server
  ON CONFLICT (name) DO UPDATE SET value =
    CASE WHEN split_part(known.value, ' ', 1) = split_part(excluded.value, ' ', 1) THEN known.value
    ELSE excluded.value END
  RETURNING (SELECT now_ms FROM server) - split_part(value, ' ', 2)::bigint AS age`;

/**
 * The first process names the channel. Every user of the database may listen and notify on any channel, but does not
 * find out on which ones others listen.
 */
const NAME_CHANNEL = `INSERT INTO fact(name, value) SELECT 'channel', $1::text
  WHERE NOT EXISTS (SELECT FROM fact WHERE name = 'channel') ON CONFLICT (name) DO NOTHING`;

const NOTHING: BrokerPage = { first: 1, top: 0, mark: '', packs: [] };

/**
 * Two connections: on one it appends and renews leases, on the other one it listens and reads, so that a follower that
 * is far behind does not delay an append.
 */
export class PostgresBroker implements Broker {
  readonly #writer: PostgresLink;
  readonly #reader: PostgresLink;
  readonly #links = new LinkGroup();
  readonly #maxEntries: number;
  #listener: BrokerListener | null = null;
  /** The process of the database that serves the writer: its appends are known here. */
  #writerProcess = 0;
  /** The channel that only users of the tables know. */
  #channel = '';
  /** Whether the database has refused an append: it must show that it has room. */
  #isOnTrial = false;
  readonly #serverAge = new ServerAge();

  constructor({ url, maxEntries = Number.MAX_SAFE_INTEGER }: PostgresBrokerOptions) {
    this.#maxEntries = maxEntries;
    const common = { url, timeoutMs: TIMEOUT_MS, found: this.#links.found, lost: this.#links.lost };
    this.#writer = new PostgresLink({ ...common, prepare: this.#prepareWriter });
    this.#reader = new PostgresLink({ ...common, prepare: this.#prepareReader, notified: this.#notified });
  }

  open(listener: BrokerListener): void {
    this.#listener = listener;
    this.#links.open([this.#writer, this.#reader], {
      found: () => {
        listener.found(this.#serverAge.ms);
      },
      lost: (why) => {
        listener.lost(why);
      },
    });
  }

  /** Why one of its connections could not be made. */
  get problem(): StoreError {
    return databaseError(this.#links.problem ?? new Error('no connection for the logs: a server needs five'));
  }

  async append(packs: readonly PackToKeep[]): Promise<readonly PackPlace[]> {
    const rows = await this.#write((run) => run(this.#appending(packs)));
    const places: PackPlace[] = [];
    for (const row of rows) {
      places[integerOf(row, 'place') - 1] = {
        seq: integerOf(row, 'seq'),
        before: textOf(row, 'before'),
        mark: textOf(row, 'mark'),
      };
    }
    return places;
  }

  #appending(packs: readonly PackToKeep[]): Statement {
    let end = 1;
    const starts = packs.map(({ bytes }) => {
      const start = end;
      end += bytes.length;
      return start;
    });
    const values = [
      packs.map(({ log }) => log),
      starts,
      packs.map(({ bytes }) => bytes.length),
      Buffer.concat(packs.map(({ bytes }) => bytes)),
      packs.map(({ entries }) => entries),
      packs.map(({ atMs }) => atMs),
      this.#maxEntries,
    ];
    return { name: 'append', text: APPEND, values };
  }

  restore(
    log: LogName,
    { top, mark }: BrokerEnd,
    packs: readonly Omit<PackToKeep, 'log'>[],
    from: BrokerEnd,
  ): Promise<boolean> {
    return this.#write((run) =>
      transaction(run, async () => {
        const [end = {}] = [...(await run({ text: HOLD, values: [log] })), ...(await run({ text: FLOOR }))];
        if (integerOf(end, 'top') !== top || textOf(end, 'mark') !== mark) return false;
        if (from.top !== top) await run({ text: BEGIN_AFTER, values: [log, from.top, from.mark] });
        const rows = await run(this.#appending(packs.map((pack) => ({ ...pack, log }))));
        // Another process may have begun it at this moment.
        if (packs.length === 0 || rows.some((row) => integerOf(row, 'seq') === from.top + 1)) return true;
        throw new Error('the log has been appended to meanwhile');
      }),
    );
  }

  async read(ranges: readonly BrokerRange[]): Promise<readonly BrokerPage[]> {
    const values = [
      ranges.map(({ log }) => log),
      ranges.map(({ after }) => after),
      ranges.map(({ maxPacks }) => maxPacks),
    ];
    const rows = await this.#reader.query({ name: 'read', text: READ, values });
    const pages: object[][] = ranges.map(() => []);
    for (const row of rows) pages[integerOf(row, 'place') - 1]?.push(row);
    return pages.map(pageOf);
  }

  async ends(logs: readonly LogName[]): Promise<readonly BrokerEnd[]> {
    const rows = await this.#reader.query({ name: 'ends', text: ENDS, values: [logs] });
    const ends: BrokerEnd[] = logs.map(() => NOTHING);
    for (const row of rows) {
      ends[integerOf(row, 'place') - 1] = { top: integerOf(row, 'top'), mark: textOf(row, 'mark') };
    }
    return ends;
  }

  async lease(node: string, ms: number): Promise<void> {
    await this.#writer.query({ name: 'lease', text: LEASE, values: [node, ms] });
  }

  async expired(): Promise<readonly string[]> {
    const rows = await this.#writer.query({ name: 'expired', text: EXPIRED });
    return rows.map((row) => textOf(row, 'node'));
  }

  async living(): Promise<readonly string[]> {
    const rows = await this.#writer.query({ name: 'living', text: LIVING });
    return rows.map((row) => textOf(row, 'node'));
  }

  async forget(node: string): Promise<void> {
    await this.#writer.query({ name: 'forget', text: FORGET, values: [node] });
  }

  close(): void {
    this.#listener = null;
    this.#links.close();
  }

  async #write<T>(work: (run: Run) => Promise<T>): Promise<T> {
    try {
      // A deadlock leaves nothing of the work, and is no sign of a fault of the database.
      return await this.#writer.use(work).catch((error: unknown) => {
        if (isDeadlock(error)) return this.#writer.use(work);
        throw error;
      });
    } catch (error) {
      // If a database refuses it, for example because its disk is full, it is tried until it is accepted.
      this.#isOnTrial = true;
      this.#writer.drop(toError(error));
      throw error;
    }
  }

  readonly #prepareWriter = async (run: Run): Promise<void> => {
    await run({ text: `SET search_path TO ${SCHEMA}` });
    const [row = {}] = await run({ text: 'SELECT pg_backend_pid() AS process' });
    this.#writerProcess = integerOf(row, 'process');
    const [serving = {}] = await run({ text: SERVING });
    this.#serverAge.said(integerOf(serving, 'age'));
    if (!this.#isOnTrial) return;
    await run({ text: 'INSERT INTO trial VALUES($1)', values: [new Uint8Array(TRIAL_BYTES)] });
    await run({ text: 'DELETE FROM trial' });
    this.#isOnTrial = false;
  };

  readonly #prepareReader = async (run: Run): Promise<void> => {
    await run({ text: `SET search_path TO ${SCHEMA}` });
    await run({ text: NAME_CHANNEL, values: [`fdmux_${randomBytes(16).toString('hex')}`] });
    const [row = {}] = await run({ text: "SELECT value FROM fact WHERE name = 'channel'" });
    this.#channel = textOf(row, 'value');
    await run({ text: `SET tcp_user_timeout = ${STUCK_MS}; LISTEN ${CHANNEL}; LISTEN "${this.#channel}"` });
  };

  readonly #notified = ({ channel, payload, sender }: Notification): void => {
    if (sender === this.#writerProcess) return;
    const space = payload.indexOf(' ');
    const end = payload.indexOf('\n');
    const name = end < 0 ? payload.slice(space + 1) : payload.slice(space + 1, end);
    const seq = Number(payload.slice(0, space));
    if (!isLogName(name) || !Number.isSafeInteger(seq)) return;
    if (end < 0 || channel !== this.#channel) this.#listener?.published(name, seq);
    else this.#listener?.delivered(name, { seq, ...contentOf(payload.slice(end + 1)) });
  };
}

/** Reads the marks of a pack and the pack itself. */
function contentOf(text: string): Omit<KeptPack, 'seq'> {
  const [space, end] = [text.indexOf(' '), text.indexOf('\n')];
  const bytes = new TextEncoder().encode(text.slice(end + 1));
  return { before: text.slice(0, space), mark: text.slice(space + 1, end), bytes };
}

function pageOf(rows: readonly object[]): BrokerPage {
  const [ends] = rows;
  if (ends === undefined) return NOTHING;
  const packs = rows.flatMap((row) => {
    const seq = nullableOf(row, 'seq', integerOf);
    if (seq === null) return [];
    const bytes = new TextEncoder().encode(textOf(row, 'body'));
    return [{ seq, before: textOf(row, 'before'), mark: textOf(row, 'mark'), bytes }];
  });
  return { first: integerOf(ends, 'first'), top: integerOf(ends, 'top'), mark: textOf(ends, 'last'), packs };
}
