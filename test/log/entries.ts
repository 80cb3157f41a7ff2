import fc from 'fast-check';
import { type Entry, PRIVILEGES, ROOM_FLAGS, type SettingChange, type Stamp, type Who } from '../../src/log/entry.js';

/** A pack's only entry, for tests that care which pack it is and not what is in it. */
export function mark(text: string, session = 'a.1.1'): Entry {
  return { kind: 'topic', session, n: 1, atMs: 0, seen: 0, base: 0, text };
}

/** The texts of entries that {@link mark} has made. */
export function marksOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => (entry.kind === 'topic' ? entry.text : entry.kind));
}

const name = fc.string({ maxLength: 20 });
const words = fc.string({ maxLength: 60, unit: 'binary' });
const number = fc.nat();
const roomFlag = fc.constantFrom(...ROOM_FLAGS);
const type = fc.constantFrom('message', 'notice', 'signal');
const tags = fc.array(fc.tuple(name, words), { maxLength: 4 });
const reason = words;
const on = fc.boolean();
const banKind = fc.constantFrom('users', 'addresses');

const who: fc.Arbitrary<Who> = fc.record({
  nick: name,
  user: name,
  host: name,
  address: name,
  realName: words,
  account: fc.option(name),
  privileges: fc.option(fc.subarray([...PRIVILEGES])),
});

const change: fc.Arbitrary<SettingChange> = fc.oneof(
  fc.record({ kind: fc.constant('flag'), on, flag: roomFlag }),
  fc.record({ kind: fc.constant('key'), on, key: name }),
  fc.record({ kind: fc.constant('limit'), on, limit: number }),
  fc.record({
    kind: fc.constant('mask'),
    on,
    list: fc.constantFrom('ban', 'exception', 'invitation', 'mute', 'mute-exception'),
    mask: name,
  }),
  fc.record({
    kind: fc.constant('rank'),
    on,
    rank: fc.constantFrom('voice', 'half-operator', 'operator', 'admin', 'owner'),
    target: fc.option(name),
  }),
);

const stamp: { readonly [K in keyof Omit<Stamp, 'via'>]: fc.Arbitrary<Stamp[K]> } = {
  session: name,
  n: number,
  atMs: number,
  seen: number,
  base: number,
};

const room = name.map((text) => `r:${text}` as const);
const place = fc.record({ room, seq: number });
const annotation = { key: fc.option(name), value: fc.option(words), maxKeys: number };

/** Any entry of any kind that a session proposes itself. */
const ownEntry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ ...stamp, kind: fc.constant('join'), who, name, key: fc.option(name), flags: fc.array(roomFlag) }),
  fc.record({ ...stamp, kind: fc.constant('part'), reason }),
  fc.record({ ...stamp, kind: fc.constant('kick'), who: fc.option(who), target: fc.option(name), reason }),
  fc.record({
    ...stamp,
    kind: fc.constant('say'),
    who: fc.option(who),
    ranks: number,
    type,
    text: words,
    tags,
    isDivisible: on,
  }),
  fc.record({ ...stamp, kind: fc.constant('redact'), who: fc.option(who), message: name, reason }),
  fc.record({ ...stamp, kind: fc.constant('retract'), target: name, message: name, reason }),
  fc.record({ ...stamp, kind: fc.constant('topic'), text: words }),
  fc.record({
    ...stamp,
    kind: fc.constant('settings'),
    who: fc.option(who),
    changes: fc.array(change),
    maxMasks: number,
    maxValues: number,
  }),
  fc.record({ ...stamp, kind: fc.constant('invite'), guest: name, who }),
  fc.record({ ...stamp, kind: fc.constant('invite'), guest: name, who, by: who }),
  fc.record({ ...stamp, kind: fc.constant('annotate'), who: fc.option(who), ...annotation }),
  fc.record({ ...stamp, kind: fc.constant('describe'), ...annotation }),
  fc.record({ ...stamp, kind: fc.constant('knock'), who }),
  fc.record({ ...stamp, kind: fc.constant('retitle'), who: fc.option(who), name, reason }),
  fc.record({ ...stamp, kind: fc.constant('claim'), who: fc.option(who), name, reason }),
  fc.record({ ...stamp, kind: fc.constant('cede'), room, claim: number }),
  fc.record({ ...stamp, kind: fc.constant('titled'), claim: number, isGranted: fc.boolean(), after: place }),
  fc.record({ ...stamp, kind: fc.constant('reclaim'), room, claim: number, after: place }),
  fc.record({ ...stamp, kind: fc.constant('register') }),
  fc.record({ ...stamp, kind: fc.constant('unregister'), who: fc.option(who) }),
  fc.record({ ...stamp, kind: fc.constant('grant'), who: fc.option(who), account: name, ranks: number }),
  fc.record({ ...stamp, kind: fc.constant('found'), who: fc.option(who), account: name }),
  fc.record({ ...stamp, kind: fc.constant('identity'), who }),
  fc.record({ ...stamp, kind: fc.constant('over') }),
  fc.record({ ...stamp, kind: fc.constant('abandon') }),
  fc.record({ ...stamp, kind: fc.constant('security'), isSecure: on, certificate: fc.option(name) }),
  fc.record({ ...stamp, kind: fc.constant('evict'), target: name, parting: words }),
  fc.record({
    ...stamp,
    kind: fc.constant('ban'),
    ban: fc.record({ kind: banKind, mask: name, reason, by: name, atMs: number, untilMs: fc.option(number) }),
    parting: words,
    maxBans: number,
  }),
  fc.record({ ...stamp, kind: fc.constant('unban'), type: banKind, mask: name }),
  fc.record({ ...stamp, kind: fc.constant('erase'), account: name }),
  fc.record({ ...stamp, kind: fc.constantFrom('open', 'shut'), room }),
  fc.record({ ...stamp, kind: fc.constant('reserve'), accounts: fc.array(name, { maxLength: 4 }), on }),
  fc.record({ ...stamp, kind: fc.constant('displace'), target: name, nick: name }),
  fc.record({ ...stamp, kind: fc.constant('ghost'), nick: name, account: name }),
  fc.record({ ...stamp, kind: fc.constant('withdrawn') }),
  fc.record({ ...stamp, kind: fc.constant('expel'), target: name, reason, parting: words }),
  fc.record({ ...stamp, kind: fc.constant('arrive'), who }),
  fc.record({ ...stamp, kind: fc.constant('arrive'), who, isAlone: on }),
  fc.record({
    ...stamp,
    kind: fc.constant('attach'),
    account: fc.option(name),
    address: name,
    isSecure: on,
    certificate: fc.option(name),
  }),
  fc.record({ ...stamp, kind: fc.constant('detach'), reason, sinceMs: number }),
  fc.record({ ...stamp, kind: fc.constant('nick'), nick: name }),
  fc.record({ ...stamp, kind: fc.constant('quit'), reason }),
  fc.record({ ...stamp, kind: fc.constant('away'), reason: fc.option(words) }),
  fc.record({ ...stamp, kind: fc.constant('realname'), realName: words }),
  fc.record({ ...stamp, kind: fc.constant('host'), host: name }),
  fc.record({ ...stamp, kind: fc.constant('account'), account: fc.option(name) }),
  fc.record({ ...stamp, kind: fc.constant('operator'), privileges: fc.option(fc.subarray([...PRIVILEGES])) }),
  fc.record({
    ...stamp,
    kind: fc.constant('trait'),
    trait: fc.constantFrom('invisible', 'bot', 'hears-announcements'),
    on,
  }),
  fc.record({ ...stamp, kind: fc.constant('announce'), text: words }),
  fc.record({ ...stamp, kind: fc.constant('broadcast'), type: fc.constantFrom('message', 'notice'), text: words }),
  fc.record({
    ...stamp,
    kind: fc.constant('tell'),
    target: name,
    type,
    text: words,
    tags,
    isDivisible: on,
  }),
  fc.record({ ...stamp, kind: fc.constant('gone'), node: name }),
  fc.record({ ...stamp, kind: fc.constant('gone'), node: name, heirs: fc.array(fc.tuple(name, name)) }),
);

/** Any entry of any kind. */
export const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  ownEntry,
  fc.tuple(ownEntry, name).map(([entry, via]) => ({ ...entry, via })),
);
