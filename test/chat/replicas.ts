import { expect } from 'vitest';
import { ASCII_NAMING, foldCase as fold } from '../../src/chat/case-mapping.js';
import { DomainState } from '../../src/chat/domain-state.js';
import { MemberState, stranger } from '../../src/chat/member-state.js';
import type { Note } from '../../src/chat/notes.js';
import type { Outcome } from '../../src/chat/outcome.js';
import { NOT_TAKEN } from '../../src/chat/refusal.js';
import { RoomState } from '../../src/chat/room-state.js';
import { decodeRoom, encodeRoom } from '../../src/chat/snapshot-codec.js';
import { Outsider, type Subject } from '../../src/chat/subject.js';
import {
  type DomainEntry,
  PRIVILEGES,
  ROOM_FLAGS,
  type RoomEntry,
  type SettingChange,
  type Stamp,
  type Who,
} from '../../src/log/entry.js';

const SESSIONS = ['a.1.1', 'a.1.2', 'a.1.3', 'b.1.1', 'b.1.2', 'c.1.1'];
const NICKS = ['ann', 'Ann', 'bob', 'cid', 'dan'];

/** Draws numbers below a bound; a seed decides which. */
type Draw = (below: number) => number;

const subject = (session: string): Subject => new Outsider(session, stranger('192.0.2.9'));

/** A state with the members that it speaks of. */
class Replica {
  readonly #members = new Map<string, MemberState>();
  readonly #memberOf = (session: string, who: Who): MemberState => {
    const known = this.#members.get(session) ?? new MemberState({ session, who, atMs: 0 });
    this.#members.set(session, known);
    return known;
  };
  readonly room = new RoomState({ name: '#a', id: 'x', fold, cast: this.#memberOf, permanentSinceMs: null });
  readonly domain = new DomainState({ naming: ASCII_NAMING, departureLimit: 20, memberOf: this.#memberOf });

  /** Everything that the room's log has said. */
  describeRoom(): unknown {
    const { room } = this;
    return {
      settings: [room.name, room.createdAtMs, room.key, room.limit, [...room.flags].sort(), room.topic],
      metadata: [...room.metadata],
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

  /** Who has said the messages of some packs. */
  describeMessages(from: number, to: number): unknown {
    const seqs = Array.from({ length: to - from + 1 }, (_, index) => from + index);
    return seqs.map((seq) => this.room.speakerOf(`x-${seq.toString(36)}`));
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
    { ...stamp, kind: 'identity', who },
    { ...stamp, kind: 'register' },
    { ...stamp, kind: 'grant', who: maybe, account: pick(draw, ['ann', 'bob']), ranks: draw(32) },
    draw(3) === 0 ? { ...stamp, kind: 'unregister', who: maybe } : { ...stamp, kind: 'identity', who },
    { ...stamp, kind: 'found', who: maybe, account: pick(draw, ['ann', 'bob']) },
    { ...stamp, kind: draw(2) === 0 ? 'over' : 'withdrawn' },
    draw(6) === 0
      ? { ...stamp, kind: 'gone', node: pick(draw, ['b.1', 'c.1']) }
      : { ...stamp, kind: 'topic', text: 'y' },
  ]);
}

/** Any entry of the domain's log. */
function anyDomainEntry(draw: Draw, stamp: Stamp): DomainEntry {
  const on = draw(2) === 0;
  const trait = pick(draw, ['invisible', 'bot', 'hears-announcements'] as const);
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
    { ...stamp, kind: 'broadcast', type: 'notice', text: 'x' },
    { ...stamp, kind: 'describe', ...anyNote(draw) },
    { ...stamp, kind: 'expel', target: pick(draw, SESSIONS), reason: 'x', parting: 'y' },
    draw(9) === 0 ? { ...stamp, kind: 'gone', node: 'b.1' } : { ...stamp, kind: 'away', reason: 'z' },
  ]);
}

/** Returns a replica that has been kept as text, and read again. */
function restored(replica: Replica): Replica {
  const made = new Replica();
  made.domain.restore(throughText(replica.domain.snapshot()));
  made.room.restore(decodeRoom(encodeRoom(replica.room.snapshot())));
  return made;
}

function throughText<T>(value: T): T {
  const read: T = JSON.parse(JSON.stringify(value));
  return read;
}

/** How a log of random entries is shared out. */
interface Course {
  readonly entries: number;
  /** The most entries that are applied between two comparisons. */
  readonly every: number;
  /** After how many comparisons, about, one of the two goes on from a snapshot. */
  readonly restores: number;
}

function counts(outcome: Outcome): boolean {
  return outcome !== NOT_TAKEN;
}

/**
 * Applies one log to two replicas, to one entry by entry, to the other in packs and with entries again that have been
 * there, and expects the two to be equal after every pack.
 *
 * @returns how many entries have counted
 */
export function expectEqualReplicas(draw: Draw, { entries, every, restores }: Course): number {
  const one = new Replica();
  let other = new Replica();
  const stamps = { room: new Stamps(draw), domain: new Stamps(draw) };
  const past = { room: new Array<RoomEntry>(), domain: new Array<DomainEntry>() };
  for (let done = 0; done < entries;) {
    const size = 1 + draw(every);
    for (let index = 0; index < size; index += 1) {
      const room = anyRoomEntry(draw, stamps.room.next(one.room));
      const domain = anyDomainEntry(draw, stamps.domain.next(one.domain));
      done += 1;
      if (counts(one.room.apply(done, room)) && room.kind !== 'gone') past.room.push(room);
      if (counts(one.domain.apply(done, domain)) && domain.kind !== 'gone') past.domain.push(domain);
      const seq = done - index;
      other.room.apply(seq, room);
      other.domain.apply(seq, domain);
      if (draw(4) > 0) continue;
      const again = { room: past.room.at(-1 - draw(9)), domain: past.domain.at(-1 - draw(9)) };
      if (again.room !== undefined) expect(other.room.apply(seq, again.room)).toBe(NOT_TAKEN);
      if (again.domain !== undefined) expect(other.domain.apply(seq, again.domain)).toBe(NOT_TAKEN);
    }
    expect(other.describeRoom()).toEqual(one.describeRoom());
    expect(other.describeDomain()).toEqual(one.describeDomain());
    if (draw(restores) > 0) continue;
    const speakers = other.describeMessages(Math.max(1, done - 200), done);
    other = restored(other);
    expect(other.describeMessages(Math.max(1, done - 200), done)).toEqual(speakers);
    expect(other.describeRoom()).toEqual(one.describeRoom());
    expect(other.describeDomain()).toEqual(one.describeDomain());
  }
  return past.room.length;
}
