/** The configuration of a chat server, with every value decided. */
import { isDeepStrictEqual } from 'node:util';
import type { DomainSettings } from '../../domains/settings.js';
import type { MemoryHistoryLimits } from '../../history/memory-history.js';
import type { BackendName } from '../../multiplexer/backend.js';
import type { ConnectionTrigger } from '../../net/connection-trigger.js';
import type { Place } from '../../net/place.js';
import type { CharsetChoice } from '../../protocol/charset.js';
import type { Durability } from '../../store/database.js';
import type { AddressClass } from '../classes.js';
import type { CloakSettings } from '../cloak.js';
import type { LogFormat, LogLevel } from '../log-levels.js';
import type { ProtocolName } from '../protocol-names.js';
import type { ProtocolSettings } from '../protocols.js';
import type { KeepLimits } from '../tape-shelf.js';
import type { ListenerTls } from './tls-files.js';

/** A place where the server listens for peers of one protocol. */
export interface ListenerConfig {
  readonly protocol: ProtocolName;
  readonly at: Place;
  readonly charset: CharsetChoice;
  /** For plain lines only: see `PlainOptions`. */
  readonly maxLineBytes: number;
  readonly quietMs: number;
  /** For web listeners only: origins of pages elsewhere that may connect. */
  readonly origins: readonly string[];
  /** For web listeners only: the path of the WebSocket. */
  readonly webSocketPath: string;
  /** Whether a PROXY header precedes the bytes of each peer. */
  readonly isProxied: boolean;
  /** Null without TLS. */
  readonly tls: ListenerTls | null;
  /** Nobody asked for it: if its port is taken, the server starts without it. */
  readonly isOptional: boolean;
}

/** How much is kept of what was said. */
interface KeptHistory {
  readonly history: {
    /** How many days messages are kept; null for ever, 0 for not at all. */
    readonly days: number | null;
    /** The same for single rooms, by their folded names. */
    readonly rooms: ReadonlyMap<string, number | null>;
  };
}

/** A store in a file. */
export interface SqliteStoreConfig extends KeptHistory {
  readonly kind: 'sqlite';
  /** The folder. */
  readonly path: string;
  readonly durability: Durability;
  /** The most bytes of the file; 0 for no limit. */
  readonly maxBytes: number;
}

/** A store in a database of PostgreSQL. */
export interface PostgresStoreConfig extends KeptHistory {
  readonly kind: 'postgres';
  /** May have a password. */
  readonly url: string;
  /** Where its logs are; null for in the same database. */
  readonly logs: RedisConfig | null;
}

/** A database of a Redis server. */
export interface RedisConfig {
  /** May have a password. */
  readonly url: string;
  /** Whether it may be one that loses what it has acknowledged. */
  readonly allowLoss: boolean;
}

/** A store that the control process of this machine has; this process is one of its workers. */
export interface ControlStoreConfig extends KeptHistory {
  readonly kind: 'control';
  /** The folder. */
  readonly path: string;
}

/** Where a server keeps what outlives it, and how much of it. */
export type StoreConfig = SqliteStoreConfig | PostgresStoreConfig | ControlStoreConfig;

/** Everything that decides how a server runs. */
export interface ServerConfig extends ProtocolSettings {
  readonly backend: BackendName;
  readonly trigger: ConnectionTrigger;
  /** The most peers at once; 0 for no limit. */
  readonly maxClients: number;
  /** How many connections may wait to be accepted at each listener, at least 1; the kernel has a limit of its own. */
  readonly backlog: number;
  /** The most bytes that may wait for all peers together; 0 for no limit. */
  readonly totalSendQueueBytes: number;
  /** The limits on what rooms keep for those who have fallen behind. */
  readonly kept: KeepLimits;
  readonly listeners: readonly ListenerConfig[];
  /** Addresses and networks of the proxies whose PROXY headers are believed; `unix` for the peers of unix sockets. */
  readonly proxies: readonly string[];
  /** Milliseconds in which the whole header must arrive, at least 1. */
  readonly proxyTimeoutMs: number;
  /** How the addresses of people are hidden from others; null if they are not. */
  readonly cloak: CloakSettings | null;
  /** Milliseconds that a server which drains waits for its clients to leave. */
  readonly drainMs: number;
  /** Where the server listens for requests of metrics: a loopback address or a unix socket; null for nowhere. */
  readonly admin: Place | null;
  /** How much of what was said is kept in memory, as far as it is not stored. */
  readonly memoryHistory: MemoryHistoryLimits;
  /** Null for a server of which nothing outlives the process. */
  readonly store: StoreConfig | null;
  /** The name among the servers that share the store; null for a server that has its store for itself. */
  readonly node: string | null;
  /** The domain that the server is, among others that share rooms with it; null for a server on its own. */
  readonly domain: DomainSettings | null;
  readonly classes: readonly AddressClass[];
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

/** Values that take effect only when the server starts, by their key in the file. */
const FIXED_KEYS: Readonly<Record<string, (config: ServerConfig) => unknown>> = {
  backend: ({ backend }) => backend,
  trigger: ({ trigger }) => trigger,
  backlog: ({ backlog }) => backlog,
  lobby: ({ lobby }) => lobby,
  nicks: ({ irc }) => irc.nicks,
  // A reload exchanges the contents of the files.
  listeners: ({ listeners }) =>
    listeners.map(({ tls, ...listener }) => ({
      ...listener,
      tls: tls === null ? null : { ...tls, context: null, certificates: null },
    })),
  admin: ({ admin }) => admin,
  store: ({ store }) => store && { ...store, history: null },
  history: ({ store }) => store?.history,
  node: ({ node }) => node,
  // The links decide what else waits.
  domain: ({ domain }) => domain === null,
  'server.name': ({ irc }) => irc.serverName,
};

/** Returns the keys whose values differ and wait for a restart. */
export function changedFixedKeys(running: ServerConfig, read: ServerConfig): string[] {
  return Object.entries(FIXED_KEYS)
    .filter(([, valueOf]) => !isDeepStrictEqual(valueOf(running), valueOf(read)))
    .map(([key]) => key);
}
