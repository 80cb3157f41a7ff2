/** Packs as bytes, for a disk or for another process. */
import {
  type BanKind,
  type Entry,
  type Heir,
  MASK_LISTS,
  type MaskList,
  MAX_HEIRS,
  MAX_PACK_ENTRIES,
  type Pack,
  type Place,
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
import { choice, type Fields, flag, list, nullable, oneOf, pair, record, type Shape, text, whole } from './shape.js';

/** The version of the format. A change of the format takes the next number. */
const VERSION = 6;

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

const place = record<Place>({ room, seq: number });

const stamp: Fields<Omit<Stamp, 'via'>> = {
  session: name,
  n: number,
  atMs: number,
  seen: number,
  base: number,
};

const VIA = { via: name };

/** A record with the fields of an entry. */
const entry = <T extends object>(fields: Fields<T>): Shape<T> => record(fields, VIA);

const annotation = { key: nullable(name), value: nullable(words), maxKeys: number };

const invite = { ...stamp, kind: oneOf('invite'), guest: name, who };

const isEntry = choice<Entry>({
  join: entry({ ...stamp, kind: oneOf('join'), who, name, key: nullable(name), flags: list(flags, 16) }),
  part: entry({ ...stamp, kind: oneOf('part'), reason: words }),
  kick: entry({ ...stamp, kind: oneOf('kick'), who: nullable(who), target: nullable(name), reason: words }),
  say: entry({
    ...stamp,
    kind: oneOf('say'),
    who: nullable(who),
    ranks: number,
    type,
    text: words,
    tags,
    isDivisible: flag,
  }),
  redact: entry({ ...stamp, kind: oneOf('redact'), who: nullable(who), message: name, reason: words }),
  topic: entry({ ...stamp, kind: oneOf('topic'), text: words }),
  settings: entry({
    ...stamp,
    kind: oneOf('settings'),
    who: nullable(who),
    changes: list(change, 512),
    maxMasks: number,
    maxValues: number,
  }),
  invite: record(invite, { ...VIA, by: who }),
  annotate: entry({ ...stamp, kind: oneOf('annotate'), who: nullable(who), ...annotation }),
  describe: entry({ ...stamp, kind: oneOf('describe'), ...annotation }),
  knock: entry({ ...stamp, kind: oneOf('knock'), who }),
  retitle: entry({ ...stamp, kind: oneOf('retitle'), who: nullable(who), name, reason: words }),
  claim: entry({ ...stamp, kind: oneOf('claim'), who: nullable(who), name, reason: words }),
  cede: entry({ ...stamp, kind: oneOf('cede'), room, claim: number }),
  titled: entry({ ...stamp, kind: oneOf('titled'), claim: number, isGranted: flag, after: place }),
  reclaim: entry({ ...stamp, kind: oneOf('reclaim'), room, claim: number, after: place }),
  register: entry({ ...stamp, kind: oneOf('register') }),
  unregister: entry({ ...stamp, kind: oneOf('unregister'), who: nullable(who) }),
  grant: entry({ ...stamp, kind: oneOf('grant'), who: nullable(who), account: name, ranks: number }),
  found: entry({ ...stamp, kind: oneOf('found'), who: nullable(who), account: name }),
  identity: entry({ ...stamp, kind: oneOf('identity'), who }),
  over: entry({ ...stamp, kind: oneOf('over') }),
  abandon: entry({ ...stamp, kind: oneOf('abandon') }),
  arrive: record({ ...stamp, kind: oneOf('arrive'), who }, { ...VIA, isAlone: flag }),
  security: entry({ ...stamp, kind: oneOf('security'), isSecure: flag, certificate: nullable(name) }),
  attach: entry({
    ...stamp,
    kind: oneOf('attach'),
    account: nullable(name),
    address: name,
    isSecure: flag,
    certificate: nullable(name),
  }),
  detach: entry({ ...stamp, kind: oneOf('detach'), reason: words, sinceMs: number }),
  nick: entry({ ...stamp, kind: oneOf('nick'), nick: name }),
  quit: entry({ ...stamp, kind: oneOf('quit'), reason: words }),
  away: entry({ ...stamp, kind: oneOf('away'), reason: nullable(words) }),
  realname: entry({ ...stamp, kind: oneOf('realname'), realName: words }),
  host: entry({ ...stamp, kind: oneOf('host'), host: name }),
  account: entry({ ...stamp, kind: oneOf('account'), account: nullable(name) }),
  operator: entry({ ...stamp, kind: oneOf('operator'), privileges: nullable(privileges) }),
  trait: entry({ ...stamp, kind: oneOf('trait'), trait, on: flag }),
  reserve: entry({ ...stamp, kind: oneOf('reserve'), accounts: list(name, MAX_PACK_ENTRIES), on: flag }),
  displace: entry({ ...stamp, kind: oneOf('displace'), target: name, nick: name }),
  ghost: entry({ ...stamp, kind: oneOf('ghost'), nick: name, account: name }),
  announce: entry({ ...stamp, kind: oneOf('announce'), text: words }),
  broadcast: entry({ ...stamp, kind: oneOf('broadcast'), type: oneOf('message', 'notice'), text: words }),
  expel: entry({ ...stamp, kind: oneOf('expel'), target: name, reason: words, parting: words }),
  evict: entry({ ...stamp, kind: oneOf('evict'), target: name, parting: words }),
  ban: entry({ ...stamp, kind: oneOf('ban'), ban: isBan, parting: words, maxBans: number }),
  unban: entry({ ...stamp, kind: oneOf('unban'), type: oneOf<BanKind>('users', 'addresses'), mask: name }),
  erase: entry({ ...stamp, kind: oneOf('erase'), account: name }),
  open: entry({ ...stamp, kind: oneOf('open'), room }),
  shut: entry({ ...stamp, kind: oneOf('shut'), room }),
  tell: entry({
    ...stamp,
    kind: oneOf('tell'),
    target: name,
    type,
    text: words,
    tags,
    isDivisible: flag,
  }),
  retract: entry({ ...stamp, kind: oneOf('retract'), target: name, message: name, reason: words }),
  withdrawn: entry({ ...stamp, kind: oneOf('withdrawn') }),
  gone: record(
    { ...stamp, kind: oneOf('gone'), node: name },
    { ...VIA, heirs: list<Heir>(pair(name, name), MAX_HEIRS) },
  ),
  relay: entry({ ...stamp, kind: oneOf('relay'), head: words, body: text(524_288), at: number, bytes: number }),
});

/** The shapes of the values that both snapshots and entries hold. */
export {
  flags as flagShape,
  isBan as banShape,
  room as roomLogShape,
  name as nameShape,
  privileges as privilegesShape,
  trait as traitShape,
  who as whoShape,
  words as wordsShape,
};

/** Whether a value is a list of changes of settings. */
export const isChanges = list(change, 512);

const isPack = list(isEntry, MAX_PACK_ENTRIES);

const encoder = new TextEncoder();
const strictDecoder = () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Making one takes longer than reading a pack. */
let decoder = strictDecoder();

/** Writes a pack as bytes. It refuses a pack that it could not read back. */
export function encodePack(pack: Pack): Encoded {
  if (pack.length === 0 || !isPack(pack)) return { kind: 'malformed' };
  const bytes = encoder.encode(JSON.stringify({ version: VERSION, entries: pack }));
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
    return JSON.parse(decoder.decode(bytes));
  } catch {
    // It may still be in the middle of a character.
    decoder = strictDecoder();
    return undefined;
  }
}
