import { expect } from 'vitest';
import { ASCII_NAMING, foldCase as fold } from '../../src/chat/case-mapping.js';
import { DOMAIN_DEEDS } from '../../src/chat/domain-deeds.js';
import { DomainState } from '../../src/chat/domain-state.js';
import { MemberState, stranger } from '../../src/chat/member-state.js';
import type { Note } from '../../src/chat/notes.js';
import type { Outcome } from '../../src/chat/outcome.js';
import { NOT_TAKEN } from '../../src/chat/refusal.js';
import { Replica, type ReplicaOwner } from '../../src/chat/replica.js';
import { ROOM_DEEDS } from '../../src/chat/room-deeds.js';
import { RoomState } from '../../src/chat/room-state.js';
import {
  decodeDomain,
  type DecodedState,
  decodeRoom,
  encodeDomain,
  encodeRoom,
} from '../../src/chat/snapshot-codec.js';
import { Outsider, type Subject } from '../../src/chat/subject.js';
import {
  type DomainEntry,
  type Entry,
  type LogName,
  PRIVILEGES,
  ROOM_FLAGS,
  type RoomEntry,
  type SettingChange,
  type Stamp,
  TRAITS,
  type Who,
} from '../../src/log/entry.js';
import type { LogSink, SharedLog } from '../../src/log/shared-log.js';

const SESSIONS = ['a.1.1', 'a.1.2', 'a.1.3', 'b.1.1', 'b.1.2', 'c.1.1'];
const NICKS = ['ann', 'Ann', 'bob', 'cid', 'dan'];

/** Draws numbers below a bound; a seed decides which. */
type Draw = (below: number) => number;

const subject = (session: string): Subject => new Outsider(session, stranger('192.0.2.9'));

/** A state with the members that it speaks of. */
class State {
  readonly #members = new Map<string, MemberState>();
  readonly #memberOf = (session: string, who: Who): MemberState => {
    const known = this.#members.get(session) ?? new MemberState({ session, who, atMs: 0 });
    this.#members.set(session, known);
    return known;
  };
  readonly room = new RoomState({
    ...{ name: '#a', id: 'x', fold, cast: this.#memberOf, permanentSinceMs: null },
    home: '#a',
  });
  readonly domain = new DomainState({ naming: ASCII_NAMING, departureLimit: 20, memberOf: this.#memberOf });

  /** Everything that the room's log has said. */
  describeRoom(): unknown {
    const { room } = this;
    return {
      settings: [room.name, room.createdAtMs, room.key, room.limit, [...room.flags].sort(), room.topic],
      metadata: [...room.metadata],
      claims: room.claims?.snapshot(),
      registration: room.registration && [room.registration.founder, room.registration.access],
      masks: Object.values(room.masks).map((list) => list.map(({ mask, by, atMs }) => [mask, by, atMs])),
      seats: room.seats.map(({ session, who, ranks }) => [session, who, ranks]),
      sessions: SESSIONS.map((session) => [
        room.nextNumber(session),
        room.whoIs(subject(session)),
        room.isOpenedFor(subject(session)),
      ]),
    };
  }

  /** Who has said the messages of some packs. @param losses - how often the log has lost its end */
  describeMessages(from: number, to: number, losses: number): unknown {
    const seqs = Array.from({ length: to - from + 1 }, (_, index) => from + index);
    const name = losses === 0 ? 'x' : `x.${losses}`;
    return seqs.map((seq) => this.room.speakerOf(`${name}-${seq.toString(36)}`));
  }

  /** Everything that the domain's log has said. */
  describeDomain(): unknown {
    const { domain } = this;
    const describe = ({ session, nick, host, account, who, away, traits }: MemberState): unknown[] => [
      ...[session, nick, host, account, who.privileges, away],
      [...traits].sort(),
    ];
    return {
      members: [...domain.members()].map(describe),
      metadata: [...domain.members()].map(({ metadata }) => [...metadata]),
      owned: NICKS.map((nick) => domain.belongsToOther(nick, null)),
      counts: [domain.size, domain.peak, domain.operators, domain.invisible],
      departures: NICKS.map((nick) => domain.departuresOf(nick)),
      sessions: SESSIONS.map((session) => domain.nextNumber(session)),
    };
  }
}

/** Stamps that mostly count: now and then one is a repeat, or has overtaken another. */
class Stamps {
  readonly #draw: Draw;
  #atMs = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  next(fold: { nextNumber(session: string): number }): Stamp {
    const draw = this.#draw;
    const session = pick(draw, SESSIONS);
    const next = fold.nextNumber(session);
    const n = draw(5) === 0 ? Math.max(1, next + draw(5) - 2) : next;
    // Clocks that go back, too.
    this.#atMs += draw(20) - 5;
    return { session, n, atMs: Math.max(0, this.#atMs), seen: 0, base: 0 };
  }
}

function pick<T>(draw: Draw, from: readonly T[]): T {
  const found = from[draw(from.length)];
  return found === undefined ? expect.fail('nothing to choose from') : found;
}

function anyWho(draw: Draw): Who {
  const nick = pick(draw, NICKS);
  const host = pick(draw, ['192.0.2.1', '192.0.2.2', 'h.example']);
  return {
    nick,
    user: 'u',
    host,
    address: host,
    realName: nick,
    account: pick(draw, [null, 'ann', 'bob']),
    privileges: draw(12) === 0 ? PRIVILEGES : null,
  };
}

function anyChange(draw: Draw): SettingChange {
  const on = draw(2) === 0;
  const flag = pick(draw, ROOM_FLAGS);
  const rank = pick(draw, ['voice', 'half-operator', 'operator', 'admin', 'owner'] as const);
  const list = pick(draw, ['ban', 'exception', 'invitation', 'mute', 'mute-exception'] as const);
  return pick<SettingChange>(draw, [
    { kind: 'flag', on, flag },
    { kind: 'key', on, key: pick(draw, ['k', 'l']) },
    { kind: 'limit', on, limit: 1 + draw(6) },
    { kind: 'mask', on, list, mask: pick(draw, ['~a:ann', 'ann!*@*', '*!*@192.0.2.*', '*!*@h.example']) },
    { kind: 'rank', on, rank, target: draw(9) === 0 ? null : pick(draw, SESSIONS) },
    { kind: 'rank', on, rank: 'operator', target: pick(draw, SESSIONS) },
  ]);
}

function anyNote(draw: Draw): Note {
  return { key: pick(draw, ['k', 'l', 'm', null]), value: pick(draw, ['v', 'w', null]), maxKeys: 2 };
}

/** Any entry about the names of a room. */
function anyClaim(draw: Draw, stamp: Stamp, who: Who | null): RoomEntry {
  const room = pick(draw, ['r:#a', 'r:#b', 'r:#c'] as const);
  const claim = draw(4);
  const after = { room, seq: 1 };
  return pick<RoomEntry>(draw, [
    { ...stamp, kind: 'claim', who, name: pick(draw, ['#a', '#A', '#b']), reason: 'x' },
    { ...stamp, kind: 'titled', claim, isGranted: draw(2) === 0, after },
    draw(9) === 0 ? { ...stamp, kind: 'cede', room, claim } : { ...stamp, kind: 'reclaim', room, claim, after },
    { ...stamp, kind: 'reclaim', room, claim, after },
  ]);
}

/** Any entry of a room's log. */
function anyRoomEntry(draw: Draw, stamp: Stamp): RoomEntry {
  const who = anyWho(draw);
  const maybe = draw(3) === 0 ? null : who;
  const target = draw(9) === 0 ? null : pick(draw, SESSIONS);
  const words = { type: 'message', text: 'x', tags: [], isDivisible: false } as const;
  return pick<RoomEntry>(draw, [
    { ...stamp, kind: 'join', who, name: pick(draw, ['#a', '#A']), key: draw(2) === 0 ? 'k' : null, flags: ['secret'] },
    { ...stamp, kind: 'join', who, name: '#a', key: 'k', flags: [] },
    { ...stamp, kind: 'part', reason: 'x' },
    { ...stamp, kind: 'kick', who: maybe, target, reason: 'x' },
    { ...stamp, kind: 'say', who: maybe, ranks: draw(32), ...words },
    { ...stamp, kind: 'topic', text: pick(draw, ['', 'tea', 'milk']) },
    { ...stamp, kind: 'settings', who: maybe, changes: [anyChange(draw), anyChange(draw)], maxMasks: 3, maxValues: 2 },
    { ...stamp, kind: 'invite', guest: pick(draw, SESSIONS), who },
    { ...stamp, kind: 'redact', who: maybe, message: `x-${draw(40).toString(36)}`, reason: 'x' },
    { ...stamp, kind: 'knock', who },
    { ...stamp, kind: 'annotate', who: maybe, ...anyNote(draw) },
    { ...stamp, kind: 'retitle', who: maybe, name: pick(draw, ['#a', '#A', '#b']), reason: 'x' },
    anyClaim(draw, stamp, maybe),
    { ...stamp, kind: 'identity', who },
    { ...stamp, kind: 'register' },
    { ...stamp, kind: 'grant', who: maybe, account: pick(draw, ['ann', 'bob']), ranks: draw(32) },
    draw(3) === 0 ? { ...stamp, kind: 'unregister', who: maybe } : { ...stamp, kind: 'identity', who },
    { ...stamp, kind: 'found', who: maybe, account: pick(draw, ['ann', 'bob']) },
    { ...stamp, kind: draw(2) === 0 ? 'over' : 'withdrawn' },
    draw(40) === 0
      ? { ...stamp, kind: 'gone', node: pick(draw, ['b.1', 'c.1']) }
      : { ...stamp, kind: 'topic', text: 'y' },
  ]);
}

/** Any entry of the domain's log. */
function anyDomainEntry(draw: Draw, stamp: Stamp): DomainEntry {
  const on = draw(2) === 0;
  const trait = pick(draw, TRAITS);
  return pick<DomainEntry>(draw, [
    { ...stamp, kind: 'arrive', who: anyWho(draw) },
    { ...stamp, kind: 'arrive', who: anyWho(draw) },
    { ...stamp, kind: 'nick', nick: pick(draw, NICKS) },
    { ...stamp, kind: draw(3) === 0 ? 'quit' : 'withdrawn', reason: 'x' },
    { ...stamp, kind: 'away', reason: on ? 'x' : null },
    { ...stamp, kind: 'realname', realName: 'x' },
    { ...stamp, kind: 'host', host: 'h' },
    { ...stamp, kind: 'account', account: on ? 'x' : null },
    { ...stamp, kind: 'operator', privileges: on ? PRIVILEGES : null },
    { ...stamp, kind: 'trait', trait, on },
    { ...stamp, kind: 'announce', text: 'x' },
    { ...stamp, kind: 'reserve', accounts: [pick(draw, ['ann', 'bob'])], on: draw(3) > 0 },
    { ...stamp, kind: 'displace', target: pick(draw, SESSIONS), nick: pick(draw, ['Guest1', 'cid']) },
    { ...stamp, kind: 'ghost', nick: pick(draw, NICKS), account: pick(draw, ['ann', 'bob']) },
    { ...stamp, kind: 'broadcast', type: 'notice', text: 'x' },
    { ...stamp, kind: 'describe', ...anyNote(draw) },
    { ...stamp, kind: 'expel', target: pick(draw, SESSIONS), reason: 'x', parting: 'y' },
    draw(60) === 0 ? { ...stamp, kind: 'gone', node: 'b.1' } : { ...stamp, kind: 'away', reason: 'z' },
  ]);
}

/** Returns a state that has been kept as text, and read again. */
function restored(state: State): State {
  const made = new State();
  made.domain.restore(read(decodeDomain(encodeDomain(state.domain.snapshot()))));
  made.room.restore(read(decodeRoom(encodeRoom(state.room.snapshot()))));
  return made;
}

function read<T>(decoded: DecodedState<T>): T {
  return decoded.kind === 'state' ? decoded.state : expect.fail(decoded.kind);
}

/** How a log of random entries is shared out. */
interface Course {
  readonly entries: number;
  /** The most entries that are applied between two comparisons. */
  readonly every: number;
  /** After how many comparisons, about, one of the two goes on from a snapshot. */
  readonly restores: number;
}

const isRoomEntry = (entry: Entry): entry is RoomEntry => Object.hasOwn(ROOM_DEEDS, entry.kind);
const isDomainEntry = (entry: Entry): entry is DomainEntry => Object.hasOwn(DOMAIN_DEEDS, entry.kind);

/** The surroundings of a replica that nobody looks at. */
class Unseen implements ReplicaOwner {
  readonly seen = 0;
  readonly entered = 0;
  readonly steadyMs = 0;
  readonly isGivenUp = false;
  readonly voice = null;
  /** The last outcome. */
  outcome: Outcome = null;

  lacks(): boolean {
    return false;
  }

  applied(_log: LogName, outcome: Outcome): void {
    this.outcome = outcome;
  }

  packApplied(): void {
    // Nothing waits.
  }

  recorded(): void {
    // Nothing is kept.
  }

  opens(): void {
    // Nobody asks.
  }

  caughtUp(): void {
    // Nobody asks.
  }

  waits(): void {
    // Nothing is proposed.
  }

  trouble(): void {
    // It is made by the test.
  }

  waitedInVain(): void {
    // Nobody waits.
  }

  isLost(): boolean {
    return false;
  }
}

/** A log of which nothing is heard but what a test says. */
const SILENT: SharedLog = {
  append: () => undefined,
  follow: (_name, after) => ({ applied: after, stop: () => undefined }),
  read: () => Promise.resolve(null),
  lease: () => Promise.resolve(false),
  expired: () => Promise.resolve(null),
  living: () => Promise.resolve(null),
  forget: () => Promise.resolve(false),
  close: () => undefined,
};

/** One who follows a log as some server has packed it: with packs that cannot be read, with gaps, with a lost end. */
class Follower<E extends Entry> {
  readonly #sink: LogSink;
  readonly #owner: Unseen;
  seq: number;

  constructor(sink: LogSink, owner: Unseen, seq: number) {
    this.#sink = sink;
    this.#owner = owner;
    this.seq = seq;
    sink.caughtUp();
  }

  static ofRoom({ room }: State, seq = 0): Follower<RoomEntry> {
    const owner = new Unseen();
    const sink = new Replica({ log: SILENT, name: 'r:#a', fold: room, belongs: isRoomEntry, owner });
    sink.open(seq);
    return new Follower(sink, owner, seq);
  }

  static ofDomain({ domain }: State, seq = 0): Follower<DomainEntry> {
    const owner = new Unseen();
    const sink = new Replica({ log: SILENT, name: 'd', fold: domain, belongs: isDomainEntry, owner });
    sink.open(seq);
    return new Follower(sink, owner, seq);
  }

  /** @returns whether the last entry of the pack has counted */
  pack(...entries: readonly E[]): boolean {
    this.seq += 1;
    this.#sink.pack(this.seq, entries);
    return this.#owner.outcome !== NOT_TAKEN;
  }

  /** Packs that have nothing in them for anybody. */
  nothing(draw: Draw): void {
    const count = 1 + draw(3);
    if (draw(2) === 0) {
      this.#sink.missing(this.seq + 1, this.seq + count);
      this.seq += count;
      return;
    }
    this.seq += 1;
    this.#sink.unreadable(this.seq, { kind: draw(2) === 0 ? 'malformed' : 'too-large' });
  }

  loseEnd(top: number): void {
    this.#sink.regressed(this.seq, top);
    this.seq = top;
  }
}

/** Applies entries in packs of any size, now and then with one again that has counted before. */
function feed<E extends Entry>(
  draw: Draw,
  follower: Follower<E>,
  { entries, past }: { readonly entries: readonly E[]; readonly past: readonly E[] },
): void {
  for (let at = 0; at < entries.length;) {
    const size = 1 + draw(entries.length - at);
    const again = draw(3) === 0 ? past.at(-1 - draw(9)) : undefined;
    const pack = entries.slice(at, at + size);
    follower.pack(...pack, ...(again === undefined ? [] : [again]));
    at += size;
    if (draw(6) === 0) follower.nothing(draw);
  }
}

/** The numbers of the last packs of both logs, as two follow them. */
interface Mark {
  readonly one: readonly [room: number, domain: number];
  readonly other: readonly [room: number, domain: number];
}

/**
 * Applies one log to two replicas, to one entry by entry, to the other in packs. Both meet packs that cannot be read
 * and gaps, each in other places; now and then the log loses its end, and what was lost is there again. The two must
 * be equal after every pack.
 *
 * @returns how many entries have counted
 */
export function expectEqualReplicas(draw: Draw, { entries, every, restores }: Course): number {
  const one = new State();
  let other = new State();
  const [room, domain] = [Follower.ofRoom(one), Follower.ofDomain(one)];
  let [otherRoom, otherDomain] = [Follower.ofRoom(other), Follower.ofDomain(other)];
  const stamps = { room: new Stamps(draw), domain: new Stamps(draw) };
  const past = { room: new Array<RoomEntry>(), domain: new Array<DomainEntry>() };
  const marks: Mark[] = [];
  let losses = 0;
  const compare = (): void => {
    expect(other.describeRoom()).toEqual(one.describeRoom());
    expect(other.describeDomain()).toEqual(one.describeDomain());
  };
  for (let done = 0; done < entries;) {
    marks.push({ one: [room.seq, domain.seq], other: [otherRoom.seq, otherDomain.seq] });
    const fresh = { room: new Array<RoomEntry>(), domain: new Array<DomainEntry>() };
    const before = { room: past.room.slice(-9), domain: past.domain.slice(-9) };
    for (const size = 1 + draw(every); fresh.room.length < size; done += 1) {
      const said = anyRoomEntry(draw, stamps.room.next(one.room));
      const done = anyDomainEntry(draw, stamps.domain.next(one.domain));
      fresh.room.push(said);
      fresh.domain.push(done);
      if (room.pack(said) && said.kind !== 'gone') past.room.push(said);
      if (domain.pack(done) && done.kind !== 'gone') past.domain.push(done);
      if (draw(9) === 0) room.nothing(draw);
      if (draw(9) === 0) domain.nothing(draw);
    }
    feed(draw, otherRoom, { entries: fresh.room, past: before.room });
    feed(draw, otherDomain, { entries: fresh.domain, past: before.domain });
    compare();
    if (draw(restores) === 0) {
      const from = Math.max(1, otherRoom.seq - 200);
      const speakers = other.describeMessages(from, otherRoom.seq, losses);
      other = restored(other);
      [otherRoom, otherDomain] = [Follower.ofRoom(other, otherRoom.seq), Follower.ofDomain(other, otherDomain.seq)];
      expect(other.describeMessages(from, otherRoom.seq, losses)).toEqual(speakers);
      compare();
    }
    if (draw(20) > 0) continue;
    const to = marks.at(-1 - draw(4));
    if (to === undefined) continue;
    marks.splice(marks.indexOf(to));
    losses += 1;
    room.loseEnd(to.one[0]);
    domain.loseEnd(to.one[1]);
    otherRoom.loseEnd(to.other[0]);
    otherDomain.loseEnd(to.other[1]);
    compare();
    // Those who are in doubt append again what they have: it has happened.
    for (const again of past.room.slice(-5)) expect([room.pack(again), otherRoom.pack(again)]).toEqual([false, false]);
    for (const again of past.domain.slice(-5)) {
      expect([domain.pack(again), otherDomain.pack(again)]).toEqual([false, false]);
    }
    compare();
  }
  return past.room.length;
}
