/** The configuration file: its keys, their valid values, and the complaint about an invalid one. */
import { isIP } from 'node:net';
import * as v from 'valibot';
import { DEFAULT_ACCOUNT_SETTINGS, MECHANISMS } from '../../accounts/account-service.js';
import { isLoopback } from '../../admin/loopback.js';
import { MAX_PORT } from '../../arguments.js';
import { parseAddresses } from '../../chat/address.js';
import { PRIVILEGES } from '../../chat/member.js';
import { isDomainName } from '../../domains/domain-names.js';
import { canonicalOrigin } from '../../front/web-origin.js';
import { DEFAULT_MEMORY_HISTORY } from '../../history/memory-history.js';
import { CONNECTION_TRIGGERS } from '../../net/connection-trigger.js';
import { AddressList } from '../../protocol/address-list.js';
import { CHARSET_CHOICES } from '../../protocol/charset.js';
import { isChannelName } from '../../protocol/irc/names.js';
import { DEFAULT_IRC_SETTINGS } from '../../protocol/irc/settings.js';
import { DEFAULT_CLASS } from '../../protocol/limits.js';
import { NICK_ALPHABETS } from '../../protocol/naming.js';
import { DEFAULT_PAST } from '../../protocol/past.js';
import type { Durability } from '../../store/database.js';
import { LOG_FORMATS, LOG_LEVELS } from '../log-levels.js';
import { FLAGGED_TLS, PROTOCOLS, WEB } from '../protocol-names.js';
import { BACKENDS, MAX_DRAIN_MS } from './choices.js';
import { isNodeName } from './node-name.js';
import { isPostgresUrl, isRedisUrl } from './store-place.js';
import { CLIENT_CERTIFICATES } from './tls-files.js';

const MAX_LOBBY_LENGTH = 51;
const MAX_GROUP = 0xffff_fffe;

const integer = (min: number, max: number) =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be an integer'),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  );
const count = integer(0, 2_147_483_647);
const text = v.string('must be a string');
// This text becomes part of a protocol line.
const lineText = v.pipe(text, v.regex(/^[^\u0000\r\n]*$/, 'must be one line'));
const word = v.pipe(text, v.regex(/^[^\s:\p{Cc}][^\s\p{Cc}]*$/u, 'must be one word'));
const oneOf = <const T extends readonly string[]>(values: T) =>
  v.picklist(values, `must be one of ${values.join(', ')}`);
const address = v.pipe(
  text,
  v.check((value) => parseAddresses(value) !== null, 'must be an address or a network such as 192.0.2.0/24'),
);

/** An address in a list of those who may speak for others. */
const speaker = v.pipe(
  text,
  v.check((entry) => AddressList.isEntry(entry), 'must be an address, a network such as 192.0.2.0/24, or unix'),
);

/** An origin as browsers write it: no path, no default port, lower case. */
const origin = v.pipe(
  text,
  v.transform((value) => canonicalOrigin(value)),
  v.string('must be an origin such as https://chat.example.org'),
);

/** A path that the page and what belongs to it do not need. */
const webSocketPath = v.pipe(
  text,
  v.regex(/^(?:\/[\w.~-]+)+$/, 'must be a path such as /irc'),
  v.check(
    (path) => path !== '/config.json' && !path.startsWith('/assets/'),
    'must not be /config.json or below /assets',
  ),
  v.maxLength(200, 'must be at most 200 long'),
);

/** One entry of `classes`. */
const classSchema = v.strictObject({
  name: word,
  addresses: v.optional(v.array(address, 'must be a list'), []),
  refusal: v.optional(
    v.nullable(v.pipe(lineText, v.nonEmpty('must not be empty'), v.maxLength(200, 'must be at most 200 long'))),
    DEFAULT_CLASS.refusal,
  ),
  softSendQueueBytes: v.optional(integer(1024, 2_147_483_647), DEFAULT_CLASS.softSendQueueBytes),
  sendQueueBytes: v.optional(integer(1024, 2_147_483_647), DEFAULT_CLASS.sendQueueBytes),
  stallTimeoutMs: v.optional(integer(0, 86_400_000), DEFAULT_CLASS.stallTimeoutMs),
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
  accountsPerHour: v.optional(count, DEFAULT_CLASS.accountsPerHour),
  maxRooms: v.optional(integer(1, 1_000_000), DEFAULT_CLASS.maxRooms),
});

/** The keys of a place to listen. */
const place = {
  host: v.optional(v.pipe(text, v.nonEmpty('must not be empty'))),
  port: v.optional(integer(0, MAX_PORT)),
  path: v.optional(v.pipe(text, v.nonEmpty('must not be empty'))),
  mode: v.optional(v.pipe(text, v.regex(/^0?[0-7]{3}$/, 'must be three octal digits such as "0660"'))),
  group: v.optional(v.union([integer(0, MAX_GROUP), word], 'must be the name or the number of a group')),
};

interface Place {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
  readonly mode?: string | undefined;
  readonly group?: string | number | undefined;
}

const ONE_PLACE = 'must have a path, or a host and a port, not both';
const isOnePlace = ({ host, port, path }: Place): boolean => {
  return path === undefined || (host === undefined && port === undefined);
};
const ACCESS_OF_PATH = 'must have a path if it has a mode or a group';
const hasAccessOfPath = ({ path, mode, group }: Place): boolean => {
  return path !== undefined || (mode === undefined && group === undefined);
};

/** The answers of this listener are for those who run the server, so nobody else may reach it. */
const adminSchema = v.pipe(
  v.strictObject({
    ...place,
    host: v.optional(
      v.pipe(
        text,
        v.check((host) => isIP(host) !== 0 && isLoopback(host), 'must be a loopback address such as 127.0.0.1'),
      ),
    ),
  }),
  v.check((listener) => isOnePlace(listener), ONE_PLACE),
  v.check((listener) => hasAccessOfPath(listener), ACCESS_OF_PATH),
);

/** The files of a certificate and its key. */
const identity = {
  cert: v.pipe(text, v.nonEmpty('must not be empty')),
  key: v.pipe(text, v.nonEmpty('must not be empty')),
  passphrase: v.optional(text),
};

const tlsSchema = v.strictObject({
  ...identity,
  sni: v.optional(
    v.array(
      v.strictObject({
        ...identity,
        names: v.pipe(v.array(word, 'must be a list'), v.minLength(1, 'must not be empty')),
      }),
      'must be a list',
    ),
  ),
  ca: v.optional(v.pipe(text, v.nonEmpty('must not be empty'))),
  clientCertificates: v.optional(oneOf(CLIENT_CERTIFICATES)),
  handshakeTimeoutMs: v.optional(integer(1, 3_600_000)),
  maxHandshakes: v.optional(integer(1, 1_000_000)),
  handshakeCpuPercent: v.optional(integer(1, 100)),
});

const listenerSchema = v.pipe(
  v.strictObject({
    protocol: oneOf(PROTOCOLS.map(({ name }) => name)),
    ...place,
    charset: v.optional(oneOf(CHARSET_CHOICES)),
    maxLineBytes: v.optional(integer(16, 1_048_576)),
    quietMs: v.optional(integer(0, 60_000)),
    proxyProtocol: v.optional(v.boolean('must be true or false')),
    webSocketPath: v.optional(webSocketPath),
    origins: v.optional(v.array(origin, 'must be a list')),
    tls: v.optional(tlsSchema),
  }),
  v.check((listener) => isOnePlace(listener), ONE_PLACE),
  v.check((listener) => hasAccessOfPath(listener), ACCESS_OF_PATH),
  v.check(
    (listener) => listener.protocol === WEB.name || listener.origins === undefined,
    `must have the protocol ${WEB.name} if it has origins`,
  ),
  v.check(
    (listener) => listener.protocol === WEB.name || listener.webSocketPath === undefined,
    `must have the protocol ${WEB.name} if it has a webSocketPath`,
  ),
  v.check(
    (listener) => listener.protocol !== WEB.name || listener.charset === undefined,
    'must not have a charset if its protocol is web: it is UTF-8',
  ),
  v.check(
    ({ proxyProtocol, tls }) => proxyProtocol !== true || tls === undefined,
    'must have proxyProtocol or tls, not both: a proxy ends TLS itself',
  ),
);

const operatorSchema = v.strictObject({
  name: word,
  password: v.pipe(text, v.nonEmpty('must not be empty')),
  masks: v.optional(v.array(word, 'must be a list'), ['*@*']),
  host: v.optional(v.nullable(word), null),
  class: v.optional(v.nullable(word), null),
});

/** The privileges of the operators of a class. */
const operatorClassSchema = v.strictObject({
  name: word,
  privileges: v.array(oneOf(PRIVILEGES), 'must be a list'),
});

const gatewaySchema = v.strictObject({
  name: word,
  password: v.pipe(text, v.nonEmpty('must not be empty')),
  addresses: v.pipe(v.array(speaker, 'must be a list'), v.minLength(1, 'must not be empty')),
});

/** How long messages are kept unless the configuration says something else. */
const DEFAULT_DAYS = 30;
const DURABILITIES = ['process', 'power'] as const satisfies readonly Durability[];
const days = v.nullable(integer(0, 36_500));
const STORE_KINDS = ['sqlite', 'postgres'] as const;

/** The keys that only a store in a folder has. */
const FOLDER_KEYS = ['path', 'durability', 'maxBytes'] as const;

/** Where the logs of a store are, if they are not in its database. */
const logsSchema = v.strictObject({
  kind: oneOf(['redis']),
  url: v.pipe(text, v.check(isRedisUrl, 'must be a URL such as redis://cache.example.org:6379/0')),
  allowLoss: v.optional(v.boolean('must be true or false'), false),
});

/** Where the server keeps what outlives it. */
const storeSchema = v.pipe(
  v.strictObject({
    kind: v.optional(oneOf(STORE_KINDS), 'sqlite'),
    path: v.optional(v.pipe(text, v.nonEmpty('must not be empty'))),
    url: v.optional(
      v.pipe(text, v.check(isPostgresUrl, 'must be a URL such as postgres://fdmux@db.example.org/fdmux')),
    ),
    durability: v.optional(oneOf(DURABILITIES)),
    maxBytes: v.optional(
      v.pipe(v.number('must be a number'), v.integer('must be an integer'), v.minValue(0, 'must be at least 0')),
    ),
    logs: v.optional(logsSchema),
  }),
  v.check(({ kind, logs }) => kind === 'postgres' || logs === undefined, 'must have the kind postgres if it has logs'),
  v.check(({ kind, path }) => kind !== 'sqlite' || path !== undefined, 'must have a path, or the kind postgres'),
  v.check(({ kind, url }) => (kind === 'postgres') === (url !== undefined), 'must have a url if its kind is postgres'),
  v.check(
    (store) => store.kind !== 'postgres' || FOLDER_KEYS.every((key) => store[key] === undefined),
    `must not have ${FOLDER_KEYS.join(', ')} if its kind is postgres`,
  ),
);

const nodeName = v.pipe(
  text,
  v.check(isNodeName, 'must be a name such as one: letters in lower case, digits and hyphens, at most 32'),
);

const MAX_SHARED_ROOMS = 200;
const domainName = v.pipe(
  text,
  v.check(isDomainName, 'must be the name of a domain such as shanghai.example, in lower case, at most 63 long'),
);
const sharedRooms = v.pipe(
  v.array(
    v.pipe(
      text,
      v.check((name) => isChannelName(name) && Buffer.byteLength(name) <= 64, 'must be a channel name such as #lobby'),
    ),
    'must be a list',
  ),
  v.maxLength(MAX_SHARED_ROOMS, `must have at most ${MAX_SHARED_ROOMS} rooms`),
);
const nonEmpty = v.pipe(text, v.nonEmpty('must not be empty'));

/** Another domain. */
const linkSchema = v.pipe(
  v.strictObject({
    name: domainName,
    host: v.optional(nonEmpty),
    port: v.optional(integer(1, MAX_PORT)),
    rooms: v.optional(sharedRooms, []),
  }),
  v.check(({ host, port }) => (host === undefined) === (port === undefined), 'must have a host and a port, or neither'),
  v.check(({ host, rooms }) => host !== undefined || rooms.length === 0, 'must have a host and a port if it has rooms'),
);

/** The domain that the server is, and those that it is linked to. */
const domainSchema = v.pipe(
  v.strictObject({
    name: domainName,
    tls: v.strictObject({ cert: nonEmpty, key: nonEmpty, ca: nonEmpty }),
    listen: v.optional(v.nullable(v.strictObject({ host: v.optional(nonEmpty), port: integer(0, MAX_PORT) })), null),
    rooms: v.optional(sharedRooms, []),
    links: v.pipe(v.array(linkSchema, 'must be a list'), v.maxLength(100, 'must have at most 100 domains')),
  }),
  v.check(
    ({ name, links }) => new Set([name, ...links.map((link) => link.name)]).size === links.length + 1,
    'must name each domain once',
  ),
);

const channel = v.pipe(text, v.check(isChannelName, 'must be a channel name such as #lobby'));

const accountDefaults = DEFAULT_ACCOUNT_SETTINGS;
const programWord = v.pipe(text, v.regex(/^[^\0]*$/, 'must not contain NUL'));

/** The choices about accounts: who may have one, and how people show that it is their own. */
const accountsSchema = v.strictObject({
  registration: v.optional(v.boolean('must be true or false'), accountDefaults.registration),
  mechanisms: v.optional(v.array(oneOf(MECHANISMS), 'must be a list'), [...accountDefaults.mechanisms]),
  beforeConnect: v.optional(v.boolean('must be true or false'), accountDefaults.beforeConnect),
  customNames: v.optional(v.boolean('must be true or false'), accountDefaults.customNames),
  requireEmail: v.optional(v.boolean('must be true or false'), accountDefaults.requireEmail),
  emailCommand: v.optional(
    v.nullable(
      v.union(
        [
          v.pipe(
            programWord,
            v.nonEmpty('must not be empty'),
            v.transform((program) => [program]),
          ),
          v.pipe(
            v.array(programWord),
            v.minLength(1),
            v.check(([program]) => program !== ''),
          ),
        ],
        'must be a program, or a list of a program and its arguments',
      ),
    ),
    null,
  ),
  codeLifetimeMs: v.optional(integer(1, 2_147_483_647), accountDefaults.codeLifetimeMs),
  minPasswordLength: v.optional(integer(1, 100), accountDefaults.minPasswordLength),
  maxAccounts: v.optional(count, accountDefaults.maxAccounts),
});

const defaults = DEFAULT_IRC_SETTINGS;
const fileSchema = v.strictObject({
  $schema: v.optional(text),
  backend: v.optional(oneOf(BACKENDS)),
  trigger: v.optional(oneOf(CONNECTION_TRIGGERS)),
  maxClients: v.optional(count),
  backlog: v.optional(integer(1, 2_147_483_647), 4096),
  totalSendQueueBytes: v.optional(
    v.pipe(v.number('must be a number'), v.integer('must be an integer'), v.minValue(0, 'must be at least 0')),
    268_435_456,
  ),
  keptEntriesPerRoom: v.optional(integer(0, 2_147_483_647), 100_000),
  keptBytesPerRoom: v.optional(integer(0, 2_147_483_647), 33_554_432),
  totalKeptBytes: v.optional(integer(0, 2_147_483_647), 67_108_864),
  lobby: v.optional(
    v.pipe(
      text,
      v.check(isChannelName, 'must be a channel name such as #lobby'),
      v.maxLength(MAX_LOBBY_LENGTH, `must be at most ${MAX_LOBBY_LENGTH} long`),
    ),
  ),
  listeners: v.optional(v.array(listenerSchema, 'must be a list')),
  drainMs: v.optional(integer(0, MAX_DRAIN_MS), 0),
  admin: v.optional(v.nullable(adminSchema), null),
  store: v.optional(v.nullable(storeSchema), null),
  node: v.optional(v.nullable(nodeName), null),
  domain: v.optional(v.nullable(domainSchema), null),
  history: v.optional(
    v.strictObject({
      days: v.optional(days, DEFAULT_DAYS),
      rooms: v.optional(v.record(channel, days, 'must be an object'), {}),
      memoryLines: v.optional(integer(0, 1_000_000), DEFAULT_MEMORY_HISTORY.maxLines),
      memoryBytes: v.optional(integer(0, 4_294_967_295), DEFAULT_MEMORY_HISTORY.maxBytes),
      pageLines: v.optional(integer(1, 1000), DEFAULT_PAST.pageLines),
      onJoin: v.optional(integer(0, 1000), DEFAULT_PAST.onJoin),
    }),
    {},
  ),
  proxies: v.optional(v.array(speaker, 'must be a list'), []),
  proxyTimeoutMs: v.optional(integer(1, 60_000), 5000),
  cloak: v.optional(
    v.nullable(
      v.strictObject({
        key: v.pipe(text, v.minLength(32, 'must be at least 32 long')),
        suffix: v.optional(
          v.pipe(
            text,
            v.regex(/^[a-z\d]+(?:[.-][a-z\d]+)*$/i, 'must be the end of a host name'),
            v.maxLength(16, 'must be at most 16 long'),
          ),
          'ip',
        ),
      }),
    ),
    null,
  ),
  server: v.optional(
    v.strictObject({
      // A name with a dot cannot be mistaken for a nick.
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
  sts: v.optional(
    v.nullable(
      v.strictObject({
        port: v.optional(integer(1, MAX_PORT), FLAGGED_TLS.port),
        durationSeconds: v.optional(integer(0, 2_147_483_647), 2_592_000),
      }),
    ),
    null,
  ),
  accounts: v.optional(v.nullable(accountsSchema), {}),
  operators: v.optional(v.array(operatorSchema, 'must be a list'), []),
  operClasses: v.optional(v.array(operatorClassSchema, 'must be a list'), []),
  gateways: v.optional(v.array(gatewaySchema, 'must be a list'), []),
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
  nicks: v.optional(oneOf(NICK_ALPHABETS), defaults.nicks),
  reservedNicks: v.optional(v.array(word, 'must be a list'), [...defaults.reservedNicks]),
  defaultChannelModes: v.optional(
    v.pipe(text, v.regex(/^[CMRimnst]*$/, 'must be letters of CMRimnst')),
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

/** A valid configuration file, with the defaults of its own. */
export type ConfigFile = v.InferOutput<typeof fileSchema>;

/** The configuration without a file. */
export const EMPTY_FILE: ConfigFile = v.parse(fileSchema, {});

/** Checks the data of a file. @returns the valid file, or its problems */
export function checkFile(data: unknown): ConfigFile | readonly string[] {
  const result = v.safeParse(fileSchema, data);
  return result.success ? result.output : result.issues.map(describeIssue);
}

/** Describes a problem in one line: where it is, and what is wrong. */
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
