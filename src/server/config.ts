/** The configuration: its file, its flags, their defaults, and what is wrong with them. */
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { MAX_PORT } from '../arguments.js';
import { parseAddresses } from '../chat/address.js';
import { BACKEND_NAMES, type BackendName, defaultBackend } from '../multiplexer/backend.js';
import { SERVE_TRIGGERS, type ServeTrigger } from '../net/options.js';
import { CHARSET_CHOICES, type CharsetChoice } from '../protocol/charset.js';
import { isChannelName } from '../protocol/irc/names.js';
import { DEFAULT_IRC_SETTINGS, type IrcSettings } from '../protocol/irc/settings.js';
import { type ClassSettings, DEFAULT_CLASS } from '../protocol/limits.js';
import { type AddressClass, DEFAULT_CLASSES } from './classes.js';
import { GROUP_FILE, parseGroups } from './groups.js';
import { parseJsonc } from './jsonc.js';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './log.js';

/** In the order of their age, in which the command line lists them. */
export const BACKENDS: readonly BackendName[] = BACKEND_NAMES.toReversed();
export const PROTOCOLS = ['plain', 'irc'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORTS: Readonly<Record<Protocol, number>> = { plain: 33_333, irc: 6667 };
const MAX_LOBBY_LENGTH = 51;
const MAX_GROUP = 0xffff_fffe;
/** A proxy before the server often runs as another user: sharing a group is enough. */
const DEFAULT_SOCKET_MODE = 0o660;

/** A unix socket, and who may connect to it; see `ListenOptions` for what is left out. */
export interface UnixPlace {
  readonly path: string;
  readonly mode?: number | undefined;
  readonly group?: number | undefined;
}

/** Where peers of one protocol are taken. */
export interface ListenerConfig {
  readonly protocol: Protocol;
  readonly at: { readonly host: string; readonly port: number } | UnixPlace;
  readonly charset: CharsetChoice;
  /** For plain lines: see `PlainOptions`. */
  readonly maxLineBytes: number;
  readonly quietMs: number;
  /** Nobody asked for it: if its port is taken, the server goes on without it. */
  readonly isOptional: boolean;
}

/** Everything that `fdmux serve` is told. */
export interface ServerConfig {
  readonly backend: BackendName;
  readonly trigger: ServeTrigger;
  /** The most peers at once; 0 for no limit. */
  readonly maxClients: number;
  /** The most bytes that may wait for all peers together; 0 for no limit. */
  readonly totalSendQueueBytes: number;
  /** The room of the plain peers. */
  readonly lobby: string;
  readonly listeners: readonly ListenerConfig[];
  readonly classes: readonly AddressClass[];
  readonly irc: IrcSettings;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

/** What takes effect only when the server starts, by its key in the file. */
const FIXED_KEYS: Readonly<Record<string, (config: ServerConfig) => unknown>> = {
  backend: ({ backend }) => backend,
  trigger: ({ trigger }) => trigger,
  lobby: ({ lobby }) => lobby,
  listeners: ({ listeners }) => listeners,
  'server.name': ({ irc }) => irc.serverName,
  log: ({ log }) => log,
};

/** The keys whose values differ between two configurations, and wait for a restart. */
export function changedFixedKeys(running: ServerConfig, read: ServerConfig): string[] {
  return Object.entries(FIXED_KEYS)
    .filter(([, valueOf]) => !isDeepStrictEqual(valueOf(running), valueOf(read)))
    .map(([key]) => key);
}

/** The configuration is not usable; the message says where and why, one problem a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'ERR_CONFIG';
}

const integer = (min: number, max: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be an integer'),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  );
const count = integer(0, 2_147_483_647);
const text = v.string('must be a string');
// A text that becomes part of a protocol line.

const lineText = v.pipe(text, v.regex(/^[^\u0000\r\n]*$/, 'must be one line'));
const word = v.pipe(text, v.regex(/^[^\s:\p{Cc}][^\s\p{Cc}]*$/u, 'must be one word'));
const oneOf = <const T extends readonly string[]>(values: T) =>
  v.picklist(values, `must be one of ${values.join(', ')}`);
const address = v.pipe(
  text,
  v.check((value) => parseAddresses(value) !== null, 'must be an address or a network such as 192.0.2.0/24'),
);

const classSchema = v.strictObject({
  name: word,
  addresses: v.optional(v.array(address, 'must be a list'), []),
  refusal: v.optional(
    v.nullable(v.pipe(lineText, v.nonEmpty('must not be empty'), v.maxLength(200, 'must be at most 200 long'))),
    DEFAULT_CLASS.refusal,
  ),
  softSendQueueBytes: v.optional(integer(1024, 2_147_483_647), DEFAULT_CLASS.softSendQueueBytes),
  sendQueueBytes: v.optional(integer(1024, 2_147_483_647), DEFAULT_CLASS.sendQueueBytes),
  receiveQueueBytes: v.optional(integer(1024, 2_147_483_647), DEFAULT_CLASS.receiveQueueBytes),
  linesPerSecond: v.optional(count, DEFAULT_CLASS.linesPerSecond),
  burstLines: v.optional(integer(1, 1_000_000), DEFAULT_CLASS.burstLines),
  maxPerAddress: v.optional(count, DEFAULT_CLASS.maxPerAddress),
  connectionsPerMinute: v.optional(count),
  burstConnections: v.optional(integer(1, 1_000_000), DEFAULT_CLASS.burstConnections),
  ipv6PrefixBits: v.optional(integer(1, 128), DEFAULT_CLASS.ipv6PrefixBits),
  pingIntervalMs: v.optional(count, DEFAULT_CLASS.pingIntervalMs),
  pingTimeoutMs: v.optional(integer(1, 2_147_483_647), DEFAULT_CLASS.pingTimeoutMs),
  registrationTimeoutMs: v.optional(count, DEFAULT_CLASS.registrationTimeoutMs),
  registrationLines: v.optional(count, DEFAULT_CLASS.registrationLines),
  registrationBytes: v.optional(count, DEFAULT_CLASS.registrationBytes),
  maxPasswordDelayMs: v.optional(integer(0, 3_600_000), DEFAULT_CLASS.maxPasswordDelayMs),
  maxRooms: v.optional(integer(1, 1_000_000), DEFAULT_CLASS.maxRooms),
});

const listenerSchema = v.pipe(
  v.strictObject({
    protocol: oneOf(PROTOCOLS),
    host: v.optional(v.pipe(text, v.nonEmpty('must not be empty'))),
    port: v.optional(integer(0, MAX_PORT)),
    path: v.optional(v.pipe(text, v.nonEmpty('must not be empty'))),
    mode: v.optional(v.pipe(text, v.regex(/^0?[0-7]{3}$/, 'must be three octal digits such as "0660"'))),
    group: v.optional(v.union([integer(0, MAX_GROUP), word], 'must be the name or the number of a group')),
    charset: v.optional(oneOf(CHARSET_CHOICES)),
    maxLineBytes: v.optional(integer(16, 1_048_576)),
    quietMs: v.optional(integer(0, 60_000)),
  }),
  v.check(
    (listener) => listener.path === undefined || (listener.host === undefined && listener.port === undefined),
    'must have a path, or a host and a port, not both',
  ),
  v.check(
    (listener) => listener.path !== undefined || (listener.mode === undefined && listener.group === undefined),
    'must have a path where it has a mode or a group',
  ),
);

const operatorSchema = v.strictObject({
  name: word,
  password: v.pipe(text, v.nonEmpty('must not be empty')),
  masks: v.optional(v.array(word, 'must be a list'), ['*@*']),
  host: v.optional(v.nullable(word), null),
});

const defaults = DEFAULT_IRC_SETTINGS;
const fileSchema = v.strictObject({
  $schema: v.optional(text),
  backend: v.optional(oneOf(BACKENDS)),
  trigger: v.optional(oneOf(SERVE_TRIGGERS)),
  maxClients: v.optional(count),
  totalSendQueueBytes: v.optional(
    v.pipe(v.number('must be a number'), v.integer('must be an integer'), v.minValue(0, 'must be at least 0')),
    268_435_456,
  ),
  lobby: v.optional(
    v.pipe(
      text,
      v.check(isChannelName, 'must be a channel name such as #lobby'),
      v.maxLength(MAX_LOBBY_LENGTH, `must be at most ${MAX_LOBBY_LENGTH} long`),
    ),
  ),
  listeners: v.optional(v.array(listenerSchema, 'must be a list')),
  server: v.optional(
    v.strictObject({
      // A name with a dot cannot be taken for a nick.
      name: v.optional(
        v.pipe(word, v.regex(/\./, 'must have a dot in it'), v.maxLength(63, 'must be at most 63 long')),
        defaults.serverName,
      ),
      network: v.optional(v.pipe(lineText, v.maxLength(64, 'must be at most 64 long')), defaults.networkName),
      description: v.optional(v.pipe(lineText, v.maxLength(150, 'must be at most 150 long')), defaults.description),
      password: v.optional(v.nullable(text), null),
      motd: v.optional(v.array(lineText, 'must be a list of lines'), [...defaults.motd]),
      motdFile: v.optional(text),
      admin: v.optional(
        v.strictObject({
          location: v.optional(lineText, defaults.admin.location),
          organization: v.optional(lineText, defaults.admin.organization),
          email: v.optional(lineText, defaults.admin.email),
        }),
        {},
      ),
    }),
    {},
  ),
  operators: v.optional(v.array(operatorSchema, 'must be a list'), []),
  classes: v.optional(v.pipe(v.array(classSchema, 'must be a list'), v.minLength(1, 'must not be empty'))),
  limits: v.optional(
    v.strictObject({
      nickLength: v.optional(integer(9, 64), defaults.nickLength),
      topicLength: v.optional(integer(80, 400), defaults.topicLength),
      channelLength: v.optional(integer(9, 100), defaults.channelLength),
      maxMasks: v.optional(integer(1, 10_000), defaults.maxMasks),
      maxMonitored: v.optional(integer(1, 10_000), defaults.maxMonitored),
    }),
    {},
  ),
  reservedNicks: v.optional(v.array(word, 'must be a list'), [...defaults.reservedNicks]),
  defaultChannelModes: v.optional(
    v.pipe(text, v.regex(/^[imnst]*$/, 'must be letters of imnst')),
    defaults.defaultChannelModes,
  ),
  log: v.optional(
    v.strictObject({
      level: v.optional(oneOf(LOG_LEVELS)),
      format: v.optional(oneOf(LOG_FORMATS)),
    }),
    {},
  ),
});

type ConfigFile = v.InferOutput<typeof fileSchema>;

/** What the command line says; whatever it says counts more than the file. */
export interface ServeFlags {
  readonly config?: string | undefined;
  readonly host?: string | undefined;
  readonly plainPort?: number | undefined;
  readonly ircPort?: number | undefined;
  /** Protocols that are switched off. */
  readonly without?: readonly Protocol[] | undefined;
  readonly backend?: BackendName | undefined;
  readonly trigger?: ServeTrigger | undefined;
  readonly maxClients?: number | undefined;
  readonly charset?: CharsetChoice | undefined;
  readonly serverName?: string | undefined;
  readonly network?: string | undefined;
  readonly password?: string | undefined;
  readonly logLevel?: LogLevel | undefined;
  readonly logFormat?: LogFormat | undefined;
}

/**
 * Reads the configuration.
 *
 * @throws {@link ConfigError} when the file or what file and flags come to is wrong
 */
export async function loadConfig(flags: ServeFlags): Promise<ServerConfig> {
  const file = flags.config === undefined ? v.parse(fileSchema, {}) : await readConfigFile(flags.config);
  const motd = await readMotd(file.server, flags.config);
  const backend = flags.backend ?? file.backend ?? environmentBackend();
  const trigger = flags.trigger ?? file.trigger ?? 'level';
  if (trigger === 'edge' && backend !== 'epoll') {
    throw new ConfigError(`trigger edge needs backend epoll: ${backend} has no edge-triggered mode`);
  }
  const listeners = toListeners(file, flags, await readGroups(file));
  if (listeners.length === 0) throw new ConfigError('there is nothing to listen on');
  return {
    backend,
    trigger,
    maxClients: flags.maxClients ?? file.maxClients ?? 0,
    totalSendQueueBytes: file.totalSendQueueBytes,
    lobby: file.lobby ?? '#lobby',
    listeners,
    classes: file.classes?.map(toAddressClass) ?? DEFAULT_CLASSES,
    irc: {
      serverName: flags.serverName ?? file.server.name,
      networkName: flags.network ?? file.server.network,
      description: file.server.description,
      password: flags.password ?? file.server.password,
      operators: file.operators,
      motd,
      admin: file.server.admin,
      reservedNicks: file.reservedNicks,
      defaultChannelModes: file.defaultChannelModes,
      ...file.limits,
    },
    log: {
      level: flags.logLevel ?? file.log.level ?? 'warning',
      format: flags.logFormat ?? file.log.format ?? 'text',
    },
  };
}

/** The backend where neither flag nor file names one. @throws {@link ConfigError} if FDMUX_BACKEND names none */
function environmentBackend(): BackendName {
  try {
    return defaultBackend();
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

async function readConfigFile(path: string): Promise<ConfigFile> {
  const source = await readText(path, path);
  let data: unknown;
  try {
    data = parseJsonc(source);
  } catch (error) {
    throw new ConfigError(`${path}:${error instanceof Error ? error.message : String(error)}`);
  }
  if (Array.isArray(data)) throw new ConfigError(`${path}: the file: must be an object`);
  const result = v.safeParse(fileSchema, data);
  if (result.success) return result.output;
  throw new ConfigError(result.issues.map((issue) => `${path}: ${describeIssue(issue)}`).join('\n'));
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function readMotd(server: ConfigFile['server'], configPath: string | undefined): Promise<readonly string[]> {
  if (server.motdFile === undefined) return server.motd;
  const source = await readText(server.motdFile, `${configPath ?? ''}: server.motdFile`);
  return source
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.replace(/[\r\0]/g, ''));
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).reduce((joined, { key }) => {
    if (typeof key === 'number') return `${joined}[${key}]`;
    return joined === '' ? String(key) : `${joined}.${String(key)}`;
  }, '');
  const where = path === '' ? 'the file' : path;
  if (issue.type === 'strict_object') {
    if (issue.expected === 'never') return `${where}: there is no such key`;
    if (issue.received === 'undefined') return `${where}: must be given`;
    return `${where}: must be an object`;
  }
  return `${where}: ${issue.message}`;
}

/** The numbers of the groups that the listeners name. */
async function readGroups(file: ConfigFile): Promise<ReadonlyMap<string, number>> {
  const names = (file.listeners ?? []).map(({ group }) => group).filter((group) => typeof group === 'string');
  if (names.length === 0) return new Map();
  const groups = parseGroups(await readText(GROUP_FILE, GROUP_FILE));
  const unknown = names.find((name) => !groups.has(name));
  if (unknown !== undefined)
    throw new ConfigError(`listeners: ${GROUP_FILE} has no group ${unknown}; a number will do`);
  return groups;
}

function toListeners(file: ConfigFile, flags: ServeFlags, groups: ReadonlyMap<string, number>): ListenerConfig[] {
  const fromFile = (file.listeners ?? []).map(({ mode, group, ...listener }) =>
    toListener(listener.protocol, {
      ...listener,
      mode: mode === undefined ? DEFAULT_SOCKET_MODE : Number.parseInt(mode, 8),
      group: typeof group === 'string' ? groups.get(group) : group,
      charset: flags.charset ?? listener.charset,
    }),
  );
  const listeners: ListenerConfig[] = [];
  for (const protocol of PROTOCOLS) {
    if (flags.without?.includes(protocol) === true) continue;
    const port = protocol === 'plain' ? flags.plainPort : flags.ircPort;
    if (port === undefined && file.listeners !== undefined) {
      listeners.push(...fromFile.filter((listener) => listener.protocol === protocol));
    } else {
      const listener = toListener(protocol, { host: flags.host, port, charset: flags.charset });
      // IRC comes along by default; whoever asked for another server's plain port only need not have a free 6667.
      listeners.push({ ...listener, isOptional: protocol === 'irc' && port === undefined });
    }
  }
  return listeners;
}

const DEFAULT_MAX_LINE_BYTES = 8192;
const DEFAULT_QUIET_MS = 200;

function toListener(
  protocol: Protocol,
  given: {
    readonly host?: string | undefined;
    readonly port?: number | undefined;
    readonly path?: string | undefined;
    readonly mode?: number | undefined;
    readonly group?: number | undefined;
    readonly charset?: CharsetChoice | undefined;
    readonly maxLineBytes?: number | undefined;
    readonly quietMs?: number | undefined;
  },
): ListenerConfig {
  const { path, mode, group, host = DEFAULT_HOST, port = DEFAULT_PORTS[protocol] } = given;
  return {
    protocol,
    at: path === undefined ? { host, port } : { path, mode, group },
    charset: given.charset ?? 'utf-8',
    maxLineBytes: given.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES,
    quietMs: given.quietMs ?? DEFAULT_QUIET_MS,
    isOptional: false,
  };
}

function toAddressClass(given: v.InferOutput<typeof classSchema>): AddressClass {
  const { addresses, ...settings } = given;
  // An address that may have any number of connections stands for many people, such as a proxy.
  const isShared = settings.maxPerAddress === 0;
  const connectionsPerMinute = settings.connectionsPerMinute ?? (isShared ? 0 : DEFAULT_CLASS.connectionsPerMinute);
  const checked: ClassSettings = { ...settings, connectionsPerMinute };
  return { settings: checked, addresses };
}
