/** Packs as bytes, for a disk or for another process. */
import {
  type BanKind,
  type Entry,
  MASK_LISTS,
  type MaskList,
  MAX_PACK_ENTRIES,
  type Pack,
  type Privilege,
  PRIVILEGES,
  type Rank,
  RANKS,
  ROOM_FLAGS,
  type RoomLog,
  type ServerBan,
  type SettingChange,
  type Stamp,
  type Tag,
  TRAITS,
  type Who,
} from './entry.js';
import { choice, either, flag, list, nullable, oneOf, pair, record, type Shape, text, whole } from './shape.js';

/** The version of the format. A change of the format takes the next number. */
const VERSION = 5;

/** The most bytes of a pack. A turn with more bytes for a log appends several packs. */
export const MAX_PACK_BYTES = 1_048_576;

/** Why bytes cannot be read as a pack. */
export type Unreadable =
  | { readonly kind: 'malformed' }
  | { readonly kind: 'too-large' }
  /** A later version of this program has written it, and can read it. */
  | { readonly kind: 'unknown-version'; readonly version: number };

/** The result of reading bytes. */
export type Decoded = { readonly kind: 'pack'; readonly entries: Pack } | Unreadable;

/** The bytes of a pack, or why it cannot be written. */
export type Encoded = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | Exclude<Unreadable, { version: number }>;

// The limits of a name (of a session, a nick, a host, an account), and of a text that somebody wrote. Both are far
// above those of the protocols: these bounds keep a broken writer from filling its readers' memory.
const name = text(512);
const words = text(65_536);
const number = whole(0);
const flags = oneOf(...ROOM_FLAGS);
const maskList = oneOf<MaskList>(...MASK_LISTS);
const rank = oneOf<Rank>(...RANKS);
const type = oneOf('message', 'notice', 'signal');
const trait = oneOf(...TRAITS);
const privileges = list(oneOf<Privilege>(...PRIVILEGES), PRIVILEGES.length);
const tags = list<Tag>(pair(name, words), 64);

const who = record<Who>({
  nick: name,
  user: name,
  host: name,
  address: name,
  realName: words,
  account: nullable(name),
  privileges: nullable(privileges),
});

const change = choice<SettingChange>({
  flag: record({ kind: oneOf('flag'), on: flag, flag: flags }),
  key: record({ kind: oneOf('key'), on: flag, key: name }),
  limit: record({ kind: oneOf('limit'), on: flag, limit: number }),
  mask: record({ kind: oneOf('mask'), on: flag, list: maskList, mask: name }),
  rank: record({ kind: oneOf('rank'), on: flag, rank, target: nullable(name) }),
});

const isBan = record<ServerBan>({
  kind: oneOf<BanKind>('users', 'addresses'),
  mask: name,
  reason: words,
  by: name,
  atMs: number,
  untilMs: nullable(number),
});

const room = (value: unknown): value is RoomLog => name(value) && value.startsWith('r:');

const stamp: { readonly [K in keyof Stamp]: Shape<Stamp[K]> } = {
  session: name,
  n: number,
  atMs: number,
  seen: number,
  base: number,
};

const annotation = { key: nullable(name), value: nullable(words), maxKeys: number };

const invite = { ...stamp, kind: oneOf('invite'), guest: name, who };

const isEntry = choice<Entry>({
  join: record({ ...stamp, kind: oneOf('join'), who, name, key: nullable(name), flags: list(flags, 16) }),
  part: record({ ...stamp, kind: oneOf('part'), reason: words }),
  kick: record({ ...stamp, kind: oneOf('kick'), who: nullable(who), target: nullable(name), reason: words }),
  say: record({
    ...stamp,
    kind: oneOf('say'),
    who: nullable(who),
    ranks: number,
    type,
    text: words,
    tags,
    isDivisible: flag,
  }),
  redact: record({ ...stamp, kind: oneOf('redact'), who: nullable(who), message: name, reason: words }),
  topic: record({ ...stamp, kind: oneOf('topic'), text: words }),
  settings: record({
    ...stamp,
    kind: oneOf('settings'),
    who: nullable(who),
    changes: list(change, 512),
    maxMasks: number,
    maxValues: number,
  }),
  invite: either(record(invite), record({ ...invite, by: who })),
  annotate: record({ ...stamp, kind: oneOf('annotate'), who: nullable(who), ...annotation }),
  describe: record({ ...stamp, kind: oneOf('describe'), ...annotation }),
  knock: record({ ...stamp, kind: oneOf('knock'), who }),
  retitle: record({ ...stamp, kind: oneOf('retitle'), who: nullable(who), name, reason: words }),
  register: record({ ...stamp, kind: oneOf('register') }),
  unregister: record({ ...stamp, kind: oneOf('unregister'), who: nullable(who) }),
  grant: record({ ...stamp, kind: oneOf('grant'), who: nullable(who), account: name, ranks: number }),
  found: record({ ...stamp, kind: oneOf('found'), who: nullable(who), account: name }),
  identity: record({ ...stamp, kind: oneOf('identity'), who }),
  over: record({ ...stamp, kind: oneOf('over') }),
  abandon: record({ ...stamp, kind: oneOf('abandon') }),
  arrive: record({ ...stamp, kind: oneOf('arrive'), who }),
  security: record({ ...stamp, kind: oneOf('security'), isSecure: flag, certificate: nullable(name) }),
  nick: record({ ...stamp, kind: oneOf('nick'), nick: name }),
  quit: record({ ...stamp, kind: oneOf('quit'), reason: words }),
  away: record({ ...stamp, kind: oneOf('away'), reason: nullable(words) }),
  realname: record({ ...stamp, kind: oneOf('realname'), realName: words }),
  host: record({ ...stamp, kind: oneOf('host'), host: name }),
  account: record({ ...stamp, kind: oneOf('account'), account: nullable(name) }),
  operator: record({ ...stamp, kind: oneOf('operator'), privileges: nullable(privileges) }),
  trait: record({ ...stamp, kind: oneOf('trait'), trait, on: flag }),
  reserve: record({ ...stamp, kind: oneOf('reserve'), accounts: list(name, MAX_PACK_ENTRIES), on: flag }),
  displace: record({ ...stamp, kind: oneOf('displace'), target: name, nick: name }),
  ghost: record({ ...stamp, kind: oneOf('ghost'), nick: name, account: name }),
  announce: record({ ...stamp, kind: oneOf('announce'), text: words }),
  broadcast: record({ ...stamp, kind: oneOf('broadcast'), type: oneOf('message', 'notice'), text: words }),
  expel: record({ ...stamp, kind: oneOf('expel'), target: name, reason: words, parting: words }),
  evict: record({ ...stamp, kind: oneOf('evict'), target: name, parting: words }),
  ban: record({ ...stamp, kind: oneOf('ban'), ban: isBan, parting: words, maxBans: number }),
  unban: record({ ...stamp, kind: oneOf('unban'), type: oneOf<BanKind>('users', 'addresses'), mask: name }),
  erase: record({ ...stamp, kind: oneOf('erase'), account: name }),
  open: record({ ...stamp, kind: oneOf('open'), room }),
  shut: record({ ...stamp, kind: oneOf('shut'), room }),
  tell: record({
    ...stamp,
    kind: oneOf('tell'),
    target: name,
    type,
    text: words,
    tags,
    isDivisible: flag,
  }),
  retract: record({ ...stamp, kind: oneOf('retract'), target: name, message: name, reason: words }),
  withdrawn: record({ ...stamp, kind: oneOf('withdrawn') }),
  gone: record({ ...stamp, kind: oneOf('gone'), node: name }),
  relay: record({ ...stamp, kind: oneOf('relay'), head: words, body: text(524_288), at: number, bytes: number }),
});

/** The shapes of the values that both snapshots and entries hold. */
export {
  flags as flagShape,
  isBan as banShape,
  room as roomLogShape,
  name as nameShape,
  trait as traitShape,
  who as whoShape,
  words as wordsShape,
};

/** Whether a value is a list of changes of settings. */
export const isChanges = list(change, 512);

const isPack = list(isEntry, MAX_PACK_ENTRIES);

/** Writes a pack as bytes. It refuses a pack that it could not read back. */
export function encodePack(pack: Pack): Encoded {
  if (pack.length === 0 || !isPack(pack)) return { kind: 'malformed' };
  const bytes = new TextEncoder().encode(JSON.stringify({ version: VERSION, entries: pack }));
  return bytes.length > MAX_PACK_BYTES ? { kind: 'too-large' } : { kind: 'bytes', bytes };
}

/** Reads the bytes that {@link encodePack} has written. For any other bytes it returns why it refuses them. */
export function decodePack(bytes: Uint8Array): Decoded {
  if (bytes.length > MAX_PACK_BYTES) return { kind: 'too-large' };
  const written = parse(bytes);
  if (typeof written !== 'object' || written === null) return { kind: 'malformed' };
  const version: unknown = Reflect.get(written, 'version');
  if (!isVersion(version)) return { kind: 'malformed' };
  // An earlier version is read as far as it says the same in the same words as this one.
  if (version > VERSION) return { kind: 'unknown-version', version };
  const entries: unknown = Reflect.get(written, 'entries');
  return isPack(entries) && entries.length > 0 ? { kind: 'pack', entries } : { kind: 'malformed' };
}

const isVersion = whole(1);

/** Parses JSON in UTF-8; returns undefined, which JSON cannot express, if it is invalid. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
