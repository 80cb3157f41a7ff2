/** Decides each value of the configuration: by the flag, or else by the file, or else by the default. */
import { dirname, resolve } from 'node:path';
import { type AccountSettings, MECHANISMS } from '../../accounts/account-service.js';
import { foldCase } from '../../chat/case-mapping.js';
import { PRIVILEGES } from '../../chat/member.js';
import type { DomainSettings } from '../../domains/settings.js';
import { toError } from '../../errors.js';
import { type BackendName, defaultBackend } from '../../multiplexer/backend.js';
import { hasTrigger } from '../../net/connection-trigger.js';
import type { Place } from '../../net/place.js';
import type { CharsetChoice } from '../../protocol/charset.js';
import { type ClassSettings, DEFAULT_CLASS } from '../../protocol/limits.js';
import { type AddressClass, DEFAULT_CLASSES } from '../classes.js';
import { FLAGGED_TLS, type ProtocolName, PROTOCOLS, WEB } from '../protocol-names.js';
import { DEFAULT_HOST } from './choices.js';
import { ConfigError } from './config-error.js';
import { isNodeName } from './node-name.js';
import type { ConfigFile } from './schema.js';
import type { ServeFlags } from './serve-flags.js';
import type { ListenerConfig, ServerConfig, StoreConfig } from './server-config.js';
import type { ListenerTls, TlsFiles } from './tls-files.js';

/** A proxy in front of the server often runs as another user: sharing a group is enough. */
const DEFAULT_SOCKET_MODE = 0o660;

/** The port that exporters of metrics use by default. */
const DEFAULT_ADMIN_PORT = 9464;

/** The certificates and keys of the listeners. */
export interface TlsContents {
  /** By the entry of the configuration file that names the files. */
  readonly ofListeners: ReadonlyMap<TlsFiles | undefined, ListenerTls>;
  /** Those that the flags name; null if they name none. */
  readonly ofFlags: ListenerTls | null;
}

/** The contents of the named files that listeners need. */
type ListenerFiles = Pick<NamedFiles, 'groups' | 'tls'>;

/** The certificate of a domain, and the authorities of others. */
export type DomainTls = DomainSettings['tls'];

/** The contents of the files that the configuration file names. */
export interface NamedFiles {
  readonly motd: readonly string[];
  /** The numbers of the groups of this machine, by name. */
  readonly groups: ReadonlyMap<string, number>;
  readonly tls: TlsContents;
  /** Null without a domain. */
  readonly domainTls: DomainTls | null;
}

/**
 * Merges the file and the flags.
 *
 * @throws {@link ConfigError} if they contradict each other
 */
export function mergeConfig(
  file: ConfigFile,
  flags: ServeFlags,
  { motd, groups, tls, domainTls }: NamedFiles,
): ServerConfig {
  const backend = flags.backend ?? file.backend ?? environmentBackend();
  const trigger = flags.trigger ?? file.trigger ?? 'level';
  if (!hasTrigger(backend, trigger)) {
    throw new ConfigError(`trigger edge needs backend epoll: ${backend} has no edge-triggered mode`);
  }
  const listeners = toListeners(file, flags, { groups, tls });
  if (listeners.length === 0) throw new ConfigError('there is nothing to listen on');
  const kept = toKept(file, flags);
  return {
    backend,
    trigger,
    maxClients: flags.maxClients ?? file.maxClients ?? 0,
    backlog: flags.backlog ?? file.backlog,
    totalSendQueueBytes: file.totalSendQueueBytes,
    kept: {
      entriesPerRoom: file.keptEntriesPerRoom,
      bytesPerRoom: file.keptBytesPerRoom,
      totalBytes: file.totalKeptBytes,
    },
    lobby: file.lobby ?? '#lobby',
    listeners,
    proxies: file.proxies,
    proxyTimeoutMs: file.proxyTimeoutMs,
    cloak: file.cloak,
    drainMs: flags.drainMs ?? file.drainMs,
    // The control process gathers the metrics of its workers.
    admin: flags.worker === undefined ? toAdmin(file, flags, groups) : null,
    memoryHistory: { maxLines: file.history.memoryLines, maxBytes: file.history.memoryBytes },
    ...kept,
    domain: toDomain(file, flags, domainTls),
    classes: file.classes?.map(toAddressClass) ?? DEFAULT_CLASSES,
    irc: {
      serverName: flags.serverName ?? file.server.name,
      networkName: flags.network ?? file.server.network,
      description: file.server.description,
      password: flags.password ?? file.server.password,
      operators: toOperators(file),
      gateways: file.gateways,
      accounts: toAccounts(file),
      sts: file.sts,
      motd,
      admin: file.server.admin,
      nicks: file.nicks,
      reservedNicks: file.reservedNicks,
      history: { pageLines: file.history.pageLines, onJoin: file.history.onJoin },
      defaultChannelModes: file.defaultChannelModes,
      ...file.limits,
    },
    log: {
      level: flags.logLevel ?? file.log.level ?? 'warning',
      format: flags.logFormat ?? file.log.format ?? 'text',
    },
  };
}

/** Returns the backend if neither flag nor file names one. @throws {@link ConfigError} if FDMUX_BACKEND is invalid */
function environmentBackend(): BackendName {
  try {
    return defaultBackend();
  } catch (error) {
    throw new ConfigError(toError(error).message);
  }
}

/** The mechanisms are offered in their own order, each once. */
function toAccounts({ accounts }: ConfigFile): AccountSettings | null {
  if (accounts === null) return null;
  return { ...accounts, mechanisms: MECHANISMS.filter((name) => accounts.mechanisms.includes(name)) };
}

/** An operator without a class may do everything. */
function toOperators({ operators, operClasses }: ConfigFile) {
  const classes = new Map(operClasses.map(({ name, privileges }) => [name, privileges]));
  return operators.map(({ class: name, ...operator }, index) => {
    const privileges = name === null ? PRIVILEGES : classes.get(name);
    if (privileges === undefined) throw new ConfigError(`operators[${index}].class: operClasses has no ${name}`);
    return { ...operator, privileges };
  });
}

function toListeners(file: ConfigFile, flags: ServeFlags, files: ListenerFiles): ListenerConfig[] {
  const listeners: ListenerConfig[] = [];
  for (const protocol of PROTOCOLS) {
    const { name, isOptional } = protocol;
    if (flags.without?.includes(name) === true) continue;
    const port = flags[`${name}Port`];
    const own = file.listeners?.filter((listener) => listener.protocol === name) ?? [];
    if (port === undefined && own.length > 0) {
      listeners.push(...own.map((listener) => toFileListener(protocol, listener, flags, files)));
    } else if (port !== undefined || isWanted(protocol, file, flags)) {
      const host = name === WEB.name ? (flags.webHost ?? flags.host) : flags.host;
      const listener = toListener(protocol, { host, port, charset: flags.charset });
      listeners.push({ ...listener, isOptional: isOptional && port === undefined });
    }
  }
  const { ofFlags } = files.tls;
  if (ofFlags !== null) {
    const { host, tlsPort: port = FLAGGED_TLS.port, charset } = flags;
    listeners.push(toListener(FLAGGED_TLS.protocol, { host, port, charset, tls: ofFlags }));
  }
  return listeners;
}

function toDomain(file: ConfigFile, { worker }: ServeFlags, tls: DomainTls | null): DomainSettings | null {
  if (file.domain === null || tls === null) return null;
  const { name, listen, rooms, links } = file.domain;
  return {
    name,
    // The workers of one machine have one address.
    listen: listen && { host: listen.host ?? DEFAULT_HOST, port: listen.port, reusePort: worker !== undefined },
    rooms,
    links: links.map(({ host, port, ...link }) => ({
      name: link.name,
      rooms: link.rooms,
      at: host === undefined || port === undefined ? null : { host, port },
    })),
    tls,
  };
}

function toKept(file: ConfigFile, flags: ServeFlags): Pick<ServerConfig, 'store' | 'node'> {
  const store = toStore(file, flags);
  const node = flags.worker ?? flags.node ?? file.node;
  if (node !== null && !isNodeName(node)) throw new ConfigError(`--node ${node}: not the name of a node`);
  if (node !== null && (store === null || store.kind === 'sqlite')) {
    throw new ConfigError('a node needs a store that several servers can share: "store" with the kind postgres');
  }
  return { store, node };
}

function toStore(
  { store, history: { days, rooms } }: ConfigFile,
  { data, config, worker }: ServeFlags,
): StoreConfig | null {
  if (store === null && data === undefined) return null;
  const folded = Object.entries(rooms).map(([name, kept]) => [foldCase(name), kept] as const);
  const history = { days, rooms: new Map(folded) };
  if (store?.url !== undefined) {
    if (data !== undefined) throw new ConfigError('the store is in PostgreSQL: leave out --data, or "store"');
    const { url, logs } = store;
    return {
      kind: 'postgres',
      url,
      logs: logs === undefined ? null : { url: logs.url, allowLoss: logs.allowLoss },
      history,
    };
  }
  const { durability = 'process', maxBytes = 0 } = store ?? {};
  const path = data === undefined ? resolve(dirname(config ?? ''), store?.path ?? '') : resolve(data);
  if (worker !== undefined) return { kind: 'control', path, history };
  return { kind: 'sqlite', path, durability, maxBytes, history };
}

function toAccess(
  mode: string | undefined,
  group: string | number | undefined,
  groups: ReadonlyMap<string, number>,
): { readonly mode: number; readonly group: number | undefined } {
  return {
    mode: mode === undefined ? DEFAULT_SOCKET_MODE : Number.parseInt(mode, 8),
    group: typeof group === 'string' ? groups.get(group) : group,
  };
}

function toAdmin({ admin }: ConfigFile, flags: ServeFlags, groups: ReadonlyMap<string, number>): ServerConfig['admin'] {
  const { adminPort } = flags;
  if (admin === null && adminPort === undefined) return null;
  const { path, mode, group, host = DEFAULT_HOST, port = DEFAULT_ADMIN_PORT } = admin ?? {};
  if (path === undefined || adminPort !== undefined) return { host, port: adminPort ?? port };
  return { path, ...toAccess(mode, group, groups) };
}

/** Whether there is a listener on the default port of a protocol for which neither a flag nor the file names a port. */
function isWanted({ name }: Facts, file: ConfigFile, { web, webHost }: ServeFlags): boolean {
  return name === WEB.name ? (web ?? webHost !== undefined) : file.listeners === undefined;
}

function toFileListener(
  protocol: Facts,
  { mode, group, tls, ...listener }: NonNullable<ConfigFile['listeners']>[number],
  flags: ServeFlags,
  { groups, tls: { ofListeners } }: ListenerFiles,
): ListenerConfig {
  return toListener(protocol, {
    ...listener,
    ...toAccess(mode, group, groups),
    charset: flags.charset ?? listener.charset,
    tls: ofListeners.get(tls),
  });
}

/** The facts about one of the protocols. */
type Facts = (typeof PROTOCOLS)[number];

const DEFAULT_MAX_LINE_BYTES = 8192;
const DEFAULT_QUIET_MS = 200;
const DEFAULT_WEB_SOCKET_PATH = '/irc';

function toListener(
  { name, defaultPort }: { readonly name: ProtocolName; readonly defaultPort: number },
  given: {
    readonly host?: string | undefined;
    readonly port?: number | undefined;
    readonly path?: string | undefined;
    readonly mode?: number | undefined;
    readonly group?: number | undefined;
    readonly charset?: CharsetChoice | undefined;
    readonly maxLineBytes?: number | undefined;
    readonly quietMs?: number | undefined;
    readonly proxyProtocol?: boolean | undefined;
    readonly origins?: readonly string[] | undefined;
    readonly webSocketPath?: string | undefined;
    readonly tls?: ListenerTls | undefined;
  },
): ListenerConfig {
  const { path, mode, group, host = DEFAULT_HOST, port = defaultPort } = given;
  return {
    protocol: name,
    at: path === undefined ? { host, port } : { path, mode, group },
    // Text in WebSockets is UTF-8.
    charset: name === WEB.name ? 'utf-8' : (given.charset ?? 'utf-8'),
    maxLineBytes: given.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES,
    quietMs: given.quietMs ?? DEFAULT_QUIET_MS,
    origins: given.origins ?? [],
    webSocketPath: given.webSocketPath ?? DEFAULT_WEB_SOCKET_PATH,
    isProxied: given.proxyProtocol ?? false,
    tls: given.tls ?? null,
    isOptional: false,
  };
}

/** Returns the configuration of a listener about which nothing is said but its place. */
export function listenerAt(name: ProtocolName, at: Place): ListenerConfig {
  return { ...toListener({ name, defaultPort: 0 }, {}), at };
}

function toAddressClass(given: NonNullable<ConfigFile['classes']>[number]): AddressClass {
  const { addresses, ...settings } = given;
  // An address without a limit on its connections stands for many people, such as a proxy.
  const isShared = settings.maxPerAddress === 0;
  const connectionsPerMinute = settings.connectionsPerMinute ?? (isShared ? 0 : DEFAULT_CLASS.connectionsPerMinute);
  const checked: ClassSettings = { ...settings, connectionsPerMinute };
  return { settings: checked, addresses };
}
