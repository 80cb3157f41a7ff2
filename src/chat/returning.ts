/** The members of this process that are here again under other sessions, after its node has been given up. */
import type { Entry, LogName, Stamp } from '../log/entry.js';
import type { Core } from './core.js';
import { sessionsOf } from './gone-nodes.js';
import type { Member, MemberDescription } from './member.js';
import { type MemberState, stateOf } from './member-state.js';
import type { Cleared } from './outcome.js';
import type { Unsettled } from './proposal.js';
import type { Absentees } from './publisher.js';
import type { Room } from './room.js';
import type { RoomReplica } from './rooms.js';
import { whenSettled } from './ticket.js';

/** What is said anew of a member that arrives again. */
type Facts = Pick<MemberDescription, 'away' | 'traits' | 'metadata'>;

/** A log, as far as something can be said in it again. */
interface Repeatable<F> {
  takeOut(): Unsettled<F>[];
  putBack(proposals: readonly Unsettled<F>[], sessionFor: (said: Stamp, kind: Entry['kind']) => string | null): void;
  goOn(): void;
}

const NOBODY: readonly MemberState[] = [];

/**
 * Brings members in again. In each room they are only when its log has said that their node was gone: up to there the
 * old sessions have spoken, and nothing of theirs counts after it. What has not been settled by then is said once more.
 */
export class Returning implements Absentees {
  readonly #core: Core;
  /** The members of whom nobody here hears, since nobody here has heard that they were gone. */
  readonly #quiet = new Set<MemberState>();
  /** Those who were inside when a room's log has said that their node is gone, or when their description was made. */
  readonly #insiders = new Map<LogName, Set<MemberState>>();
  /** How many of them have asked to enter again, and have not been answered. */
  readonly #entering = new Map<LogName, number>();
  /** The logs that have said that the node is gone, and in which nothing has been said again yet. */
  readonly #cleared = new Set<LogName>();
  /** The other sessions, by the former ones. */
  readonly #sessions = new Map<string, string>();
  /** The logs that have not said yet that the node is gone: nothing is proposed to them. */
  readonly #awaited = new Set<LogName>();
  /** What the node was before it came back; null if it has not been given up. */
  #former: string | null = null;
  /** How many members have not arrived yet. */
  #arriving = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Whether nobody here is to hear what is said of a member that comes back. */
  isQuiet(member: Member): boolean {
    return this.#quiet.size > 0 && this.#quiet.has(stateOf(member));
  }

  /** Those who have asked to arrive again, and are not here yet. */
  get absent(): Iterable<MemberState> {
    return this.#quiet;
  }

  /** Those whom a room has lost together with a member that is inside again; null for one that is new there. */
  insidersWith(log: LogName, member: Member): ReadonlySet<MemberState> | null {
    const insiders = this.#insiders.size === 0 ? undefined : this.#insiders.get(log);
    return insiders?.has(stateOf(member)) === true ? insiders : null;
  }

  outOf(room: Room): readonly MemberState[] {
    if (this.#insiders.size === 0) return NOBODY;
    const found = this.#rooms().find(([each]) => each === room);
    return found === undefined ? NOBODY : [...found[1]].filter((member) => !isInside(member, room));
  }

  besides(member: Member): readonly MemberState[] {
    if (this.#insiders.size === 0) return NOBODY;
    const state = stateOf(member);
    return this.#rooms().flatMap(([room, insiders]) =>
      insiders.has(state) && !isInside(state, room) ? [...insiders] : [],
    );
  }

  /** The rooms that members are to enter again, with those members. */
  #rooms(): (readonly [Room, ReadonlySet<MemberState>])[] {
    return [...this.#insiders].flatMap(([log, insiders]) => {
      const room = this.#core.rooms.ofLog(log)?.fold;
      return room === undefined ? [] : [[room, insiders] as const];
    });
  }

  /** Gives the members that were here other sessions. @param former - the node that they were at */
  begin(members: readonly MemberState[], former: string): void {
    const { domain, private: told, rooms } = this.#core;
    this.#former = former;
    const isFormer = sessionsOf(former);
    const unsettled = domain.takeOut();
    // Nothing is said again before it is known in which logs.
    this.#arriving += 1;
    for (const member of members) this.#arrive(member, factsOf(member));
    domain.putBack(unsettled, this.#sessionFor);
    domain.goOn();
    if (told.isWaiting) {
      told.pause();
      if (told.fold.gone.has(former)) {
        this.#cleared.add(told.name);
      } else {
        this.#awaited.add(told.name);
        this.#core.nodes.sayPrivately(former);
      }
    }
    for (const replica of [...rooms.all()]) {
      const hasFormer = [...replica.fold.sessions()].some(isFormer);
      if (replica.isWaiting || hasFormer || this.#insiders.has(replica.name)) this.#await(replica, former);
    }
    this.#arriving -= 1;
    this.#mayEnter();
  }

  /** Gives a member another session. */
  renew(member: MemberState): void {
    const before = member.session;
    member.session = this.#core.newSession();
    this.#sessions.set(before, member.session);
  }

  /** A room goes on when its log has said that the node is gone. */
  #await(replica: RoomReplica, former: string): void {
    replica.pause();
    if (replica.fold.knowsGone(former)) {
      this.#cleared.add(replica.name);
    } else {
      this.#awaited.add(replica.name);
      this.#core.nodes.say(replica, former);
    }
  }

  /** A log has said that a node is gone, which may be this one. */
  heard(log: LogName, { node, members }: Cleared): void {
    const own = members.map(stateOf).filter(({ isLocal }) => isLocal);
    if (own.length > 0) this.#insiders.set(log, new Set(own));
    if (this.#former === null || !sessionsOf(node)(`${this.#former}.1`) || !this.#awaited.delete(log)) return;
    this.#cleared.add(log);
    this.#mayEnter();
  }

  /** Says again what is to be said in the logs that are ready, as soon as everybody has arrived. */
  #mayEnter(): void {
    if (this.#arriving > 0 || this.#core.isGivenUp) return;
    for (const log of [...this.#cleared]) {
      this.#cleared.delete(log);
      const { rooms, private: told } = this.#core;
      const room = rooms.ofLog(log);
      if (log === told.name) this.#again(told, () => undefined);
      if (room === undefined) continue;
      this.#again(room, () => {
        for (const member of this.#insiders.get(log) ?? []) this.#join(room, member);
      });
    }
    // Nothing waits any more that a former session has said.
    if (this.#awaited.size === 0) this.#sessions.clear();
  }

  /** Says again what has not been settled. @param first - proposes what is to be said before that */
  #again<F>(replica: Repeatable<F>, first: () => void): void {
    const unsettled = replica.takeOut();
    first();
    replica.putBack(unsettled, this.#sessionFor);
    replica.goOn();
  }

  #join(replica: RoomReplica, member: MemberState): void {
    const { core, name } = { core: this.#core, name: replica.fold.name };
    const insiders = this.#insiders.get(replica.name);
    if (!core.isKnown(member)) {
      insiders?.delete(member);
      return;
    }
    const entry = {
      kind: 'join',
      who: member.who,
      name,
      key: null,
      flags: [],
      ...core.stamp(replica, member),
    } as const;
    const { name: log } = replica;
    this.#entering.set(log, (this.#entering.get(log) ?? 0) + 1);
    whenSettled(replica.oblige<'join'>(member, entry), ({ kind }) => {
      if (kind !== 'joined') {
        insiders?.delete(member);
        core.keptOut(replica, member);
      }
      const left = (this.#entering.get(log) ?? 1) - 1;
      this.#entering.set(log, left);
      if (left > 0) return;
      // Those who enter from now on are news to everybody.
      this.#entering.delete(log);
      this.#insiders.delete(log);
    });
  }

  /** The session by which something is said again that another one has said; null if it is not to be said. */
  readonly #sessionFor = ({ session }: Stamp, kind: Entry['kind']): string | null => {
    if (this.#core.isOwn(session)) return session;
    // Those who have left are gone, and what a room had to be told of the others is not true any more.
    if (kind === 'over' || kind === 'identity' || kind === 'quit') return null;
    let latest = this.#sessions.get(session);
    // It may have been given up again before a log was ready.
    while (latest !== undefined && !this.#core.isOwn(latest)) latest = this.#sessions.get(latest);
    return latest ?? this.#core.steward.session;
  };

  /** Lets a member in under the session that it has by now, as what it was. @param then - called when it is here */
  #arrive(member: MemberState, facts: Facts, then?: () => void): void {
    this.#arriving += 1;
    this.#quiet.add(member);
    this.#ask(member, member.nick, (isHere) => {
      this.#arriving -= 1;
      if (isHere) this.#tell(member, facts);
      this.#quiet.delete(member);
      if (isHere) then?.();
      // What was under way when the node was given up once more does not count: the member comes back with the others.
      else if (this.#core.isGivenUp) this.#core.loseAgain(member);
      this.#mayEnter();
    });
  }

  /** Asks for a nick, and for one of nobody if somebody else has got that. */
  #ask(member: MemberState, nick: string, then: (isHere: boolean) => void): void {
    const before = member.nick;
    whenSettled(this.#core.arriveAgain(member, { ...member.who, nick }), (outcome) => {
      // One that has quit meanwhile is not asked for again.
      if (outcome.kind === 'refused' && outcome.why !== 'not-taken' && this.#core.isKnown(member)) {
        // Whoever has got the nick has made it have another one already.
        this.#ask(member, member.nick === nick ? this.#core.guestNick() : member.nick, then);
        return;
      }
      const isHere = outcome.kind === 'arrived';
      if (isHere && nick !== before) this.#core.renamed(member, before);
      then(isHere);
    });
  }

  #tell(member: MemberState, { away, traits, metadata }: Facts): void {
    const { domain } = this.#core;
    const stamp = (): Stamp => this.#core.stamp(domain, member);
    if (away !== null) domain.oblige<'away'>(member, { kind: 'away', reason: away, ...stamp() });
    for (const trait of traits) domain.oblige<'trait'>(member, { kind: 'trait', trait, on: true, ...stamp() });
    const maxKeys = metadata.length;
    for (const [key, value] of metadata) {
      domain.oblige<'describe'>(member, { kind: 'describe', key, value, maxKeys, ...stamp() });
    }
  }

  /**
   * Brings in a member of another process that has ended. It enters each of its rooms after the room's log has said
   * that its node is gone.
   */
  bringIn(member: MemberState, facts: Facts & Pick<MemberDescription, 'rooms'>): void {
    const { core } = { core: this.#core };
    this.#arrive(member, facts, () => {
      for (const { name } of facts.rooms) {
        if (!core.rooms.hasPlaceFor(name)) continue;
        const replica = core.rooms.replica(name);
        const former = core.formerNode;
        if (former !== null) core.nodes.say(replica, former);
        const insiders = this.#insiders.get(replica.name) ?? new Set();
        this.#insiders.set(replica.name, insiders.add(member));
        this.#join(replica, member);
      }
    });
  }
}

function isInside(member: MemberState, room: Room): boolean {
  return member.seats.some((seat) => seat.room === room);
}

function factsOf({ away, traits, metadata }: MemberState): Facts {
  return { away, traits: [...traits], metadata: [...metadata] };
}
