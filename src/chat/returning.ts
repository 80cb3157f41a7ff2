/** The members of this process that return under new sessions, after its node has been given up. */
import { type Entry, type LogName, proposerOf, type Speaker, type Stamp } from '../log/entry.js';
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

/** The facts that a returning member reports again. */
type Facts = Pick<MemberDescription, 'away' | 'traits' | 'metadata'>;

/** A log in which proposals can be made again. */
interface Repeatable<F> {
  takeOut(): Unsettled<F>[];
  putBack(proposals: readonly Unsettled<F>[], speakerFor: (said: Stamp, kind: Entry['kind']) => Speaker | null): void;
  goOn(): void;
}

const NOBODY: readonly MemberState[] = [];

/**
 * Brings members in again. They enter each room only after its log has reported that their node was gone: entries of
 * the old sessions count up to there, and not after it. Proposals that have not been settled by then are made once
 * more.
 */
export class Returning implements Absentees {
  readonly #core: Core;
  /**
   * The members whose return is not shown here, since nobody here was shown that they were gone, with the nicks that
   * they are shown with.
   */
  readonly #quiet = new Map<MemberState, string>();
  /** The members who were inside when a room's log reported that their node was gone, or when they were described. */
  readonly #insiders = new Map<LogName, Set<MemberState>>();
  /** The number of them that have asked to enter again, and have not been answered. */
  readonly #entering = new Map<LogName, number>();
  /** The logs that have reported that the node is gone, and in which no proposal has been made again yet. */
  readonly #cleared = new Set<LogName>();
  /** The members that have new sessions, by the former ones. */
  readonly #renewed = new Map<string, MemberState>();
  /** The logs that have not reported yet that the node is gone: nothing is proposed to them. */
  readonly #awaited = new Set<LogName>();
  /**
   * The rooms that members of an ended process are to enter when all of them have arrived, with those that have, and
   * the log of what is said in private. Nothing is proposed to them before that: the clients believe that they are
   * here, and inside.
   */
  readonly #held = new Map<LogName, Set<MemberState>>();
  /** The former name of the node, before it returned; null if it has not been given up. */
  #former: string | null = null;
  /** The number of members that have not arrived yet. */
  #arriving = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Whether nobody here is shown the events of a returning member. */
  isQuiet(member: Member): boolean {
    return this.#quiet.size > 0 && this.#quiet.has(stateOf(member));
  }

  /** Gives absent members another nick than somebody has taken. */
  yieldNicks(taker: MemberState): void {
    if (this.#quiet.size === 0) return;
    for (const [member, shown] of this.#quiet) {
      if (member === taker || !this.#core.domain.fold.isSameNick(shown, taker.nick)) continue;
      this.yieldNick(member, shown);
      this.#quiet.set(member, member.nick);
    }
  }

  /** Gives an absent member a guest nick. @param shown - the nick that it is shown with */
  yieldNick(member: MemberState, shown: string): void {
    member.become({ nick: this.#core.guestNick() });
    this.#core.renamed(member, shown);
  }

  /**
   * The members whom a room has lost together with a member that is inside again; null for a member that is new there.
   */
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

  /** Gives the members that were here new sessions. @param former - their former node */
  begin(members: readonly MemberState[], former: string): void {
    const { domain, private: told, rooms } = this.#core;
    this.#former = former;
    const isFormer = sessionsOf(former);
    const unsettled = domain.takeOut();
    // No proposal is made again until the logs for this are known.
    this.#arriving += 1;
    for (const member of members) this.#arrive(member, factsOf(member));
    this.#core.branches.comeBack();
    domain.putBack(unsettled, this.#speakerFor);
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

  /** Gives a member a new session. */
  renew(member: MemberState): void {
    for (const before of [member.session, member.branch]) if (before !== null) this.moved(before, member);
    member.branch = null;
    member.session = this.#core.newSession();
  }

  /** This node acts for a member by another session than before. */
  moved(before: string, member: MemberState): void {
    this.#renewed.set(before, member);
  }

  /** A room continues when its log has reported that the node is gone. */
  #await(replica: RoomReplica, former: string): void {
    replica.pause();
    if (replica.fold.knowsGone(former)) {
      this.#cleared.add(replica.name);
    } else {
      this.#awaited.add(replica.name);
      this.#core.nodes.say(replica, former);
    }
  }

  /** A log has reported that a node is gone, which may be this one. */
  heard(log: LogName, { node, members }: Cleared): void {
    const own = members.map(stateOf).filter(({ isLocal }) => isLocal);
    if (own.length > 0) this.#insiders.set(log, new Set(own));
    const isFormer = this.#former !== null && sessionsOf(node)(`${this.#former}.1`);
    if (!isFormer || !this.#awaited.delete(log)) {
      this.#enterStill(log, own);
      return;
    }
    this.#cleared.add(log);
    this.#mayEnter();
  }

  /** Members have lost their places although they are here: they were entering when a node reported the loss. */
  #enterStill(log: LogName, members: readonly MemberState[]): void {
    const replica = this.#core.rooms.ofLog(log);
    if (replica === undefined) return;
    const { domain } = this.#core;
    for (const member of members) {
      const isHere = this.#core.isOwn(member.session) && domain.fold.bySession(member.session) === member;
      if (isHere) this.#join(replica, member);
    }
  }

  /** The state of a foreign room has been replaced, with what it knows of nodes that are gone. */
  renewed({ name, fold }: RoomReplica): void {
    if (this.#former === null || !fold.knowsGone(this.#former) || !this.#awaited.delete(name)) return;
    this.#cleared.add(name);
    this.#mayEnter();
  }

  /** Makes the proposals again in the logs that are ready, as soon as everybody has arrived. */
  #mayEnter(): void {
    if (this.#arriving > 0 || this.#core.isGivenUp) return;
    for (const log of [...this.#cleared]) {
      this.#cleared.delete(log);
      this.#held.delete(log);
      this.#enter(log, this.#insiders.get(log) ?? NOBODY);
    }
    for (const [log, members] of [...this.#held]) {
      if (this.#awaited.has(log)) continue;
      this.#held.delete(log);
      this.#enter(log, members);
    }
    // No proposal of a former session waits any more.
    if (this.#awaited.size === 0) this.#renewed.clear();
  }

  /** Makes the proposals to a log again. @param members - enter its room first */
  #enter(log: LogName, members: Iterable<MemberState>): void {
    const { rooms, private: told } = this.#core;
    const room = rooms.ofLog(log);
    if (log === told.name) this.#again(told, () => undefined);
    if (room === undefined) return;
    this.#again(room, () => {
      for (const member of members) this.#join(room, member);
    });
  }

  /** Makes unsettled proposals again. @param first - makes the proposals that precede them */
  #again<F>(replica: Repeatable<F>, first: () => void): void {
    const unsettled = replica.takeOut();
    const isFirst = ({ by, entry }: Unsettled<F>): boolean => entry.kind === 'over' && entry.via === by.session;
    // Members leave with their former sessions before they enter with new ones.
    replica.putBack(unsettled.filter(isFirst), this.#speakerFor);
    first();
    replica.putBack(
      unsettled.filter((one) => !isFirst(one)),
      this.#speakerFor,
    );
    replica.goOn();
  }

  #join(replica: RoomReplica, member: MemberState): void {
    const { core, name } = { core: this.#core, name: replica.fold.entryName };
    const insiders = this.#insiders.get(replica.name);
    if (!core.isKnown(member)) {
      insiders?.delete(member);
      return;
    }
    const entry = {
      kind: 'join',
      who: replica.fold.guiseOf(member.who),
      name,
      key: null,
      flags: [],
      ...core.stamp(replica, member),
    } as const;
    const { name: log } = replica;
    this.#entering.set(log, (this.#entering.get(log) ?? 0) + 1);
    whenSettled(replica.oblige<'join'>(member, entry), ({ kind }) => {
      member.entering?.delete(name);
      if (kind !== 'joined' && replica.fold.seatOf(member) === undefined) {
        insiders?.delete(member);
        core.keptOut(replica.fold, member);
      }
      const left = (this.#entering.get(log) ?? 1) - 1;
      this.#entering.set(log, left);
      if (left > 0) return;
      // Members who enter from now on are news to everybody.
      this.#entering.delete(log);
      this.#insiders.delete(log);
    });
  }

  /** Returns the sessions that make a proposal of other ones again; null if it is not to be made again. */
  readonly #speakerFor = (said: Stamp, kind: Entry['kind']): Speaker | null => {
    if (this.#core.isOwn(proposerOf(said))) return said;
    // Members who have left are gone, and the reports to a room about the others are outdated.
    if (kind === 'over' || kind === 'identity' || kind === 'quit' || kind === 'detach') return null;
    const member = this.#renewed.get(proposerOf(said));
    // The member may have left, or the node may have been given up again before a log was ready.
    if (member === undefined || !this.#core.isOwn(member.proposer)) return { session: this.#core.steward.session };
    const { session, branch } = member;
    return branch === null ? { session } : { session, via: branch };
  };

  /** Lets a member in under its current session, with its former facts. @param then - called when it is here */
  #arrive(member: MemberState, facts: Facts, then?: () => void): void {
    this.#arriving += 1;
    this.#quiet.set(member, member.nick);
    this.#ask(member, member.nick, (isHere) => {
      this.#arriving -= 1;
      if (isHere) this.#tell(member, facts);
      this.#quiet.delete(member);
      if (isHere) then?.();
      // Proposals under way when the node was given up again do not count: the member returns with the others.
      else if (this.#core.isGivenUp) this.#core.loseAgain(member);
      this.#mayEnter();
    });
  }

  /** Asks for a nick, and for a guest nick if somebody else has got it. */
  #ask(member: MemberState, nick: string, then: (isHere: boolean) => void): void {
    whenSettled(this.#core.arriveAgain(member, { ...member.who, nick }), (outcome) => {
      // A member that has meanwhile quit does not ask again.
      if (outcome.kind === 'refused' && outcome.why !== 'not-taken' && this.#core.isKnown(member)) {
        if (!member.isConnected && this.#isElsewhere(member)) {
          this.#core.forget(member);
          then(false);
          return;
        }
        // The member that has got the nick may have made this one take another.
        this.#ask(member, member.nick === nick ? this.#core.guestNick() : member.nick, then);
        return;
      }
      const isHere = outcome.kind === 'arrived';
      const shown = this.#quiet.get(member) ?? nick;
      if (isHere && nick !== shown) this.#core.renamed(member, shown);
      then(isHere);
    });
  }

  /** Whether another node has the member of an account, for which nobody is connected here. */
  #isElsewhere({ nick, account }: MemberState): boolean {
    const { fold } = this.#core.domain;
    const holder = fold.holderOf(nick);
    return holder !== undefined && fold.isSameAccount(holder.account, account) && this.#core.isElsewhere(holder);
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
    if (member.isConnected || !traits.includes('always-on') || !this.#core.mayShareMembers) return;
    const last = stamp();
    const sinceMs = member.absentSinceMs ?? last.atMs;
    domain.oblige<'detach'>(member, { kind: 'detach', reason: '', sinceMs, ...last });
  }

  /** Returns the member of this process that is about to arrive with an account and a nick. */
  find(isMeant: (member: MemberState) => boolean): MemberState | undefined {
    return [...this.#quiet.keys()].find(isMeant);
  }

  /**
   * Brings in a member of another process that has ended. It enters each of its rooms after the room's log has reported
   * that its node is gone.
   */
  bringIn(member: MemberState, facts: Facts & Pick<MemberDescription, 'rooms'>): void {
    const core = this.#core;
    member.entering = new Map(facts.rooms.map(({ name, ranks }) => [name, ranks]));
    this.#hold(core.private);
    const rooms = new Map(facts.rooms.map(({ name }) => [name, this.#holdRoom(name)]));
    this.#arrive(member, facts, () => {
      for (const [name, replica] of rooms) {
        if (replica === null) {
          member.entering?.delete(name);
          core.keptOut(core.rooms.unopened(name), member);
          continue;
        }
        const former = core.formerNode;
        if (former !== null) core.nodes.say(replica, former);
        const insiders = this.#insiders.get(replica.name) ?? new Set();
        this.#insiders.set(replica.name, insiders.add(member));
        this.#held.get(replica.name)?.add(member);
      }
    });
  }

  /** @returns null for a room that cannot be opened */
  #holdRoom(name: string): RoomReplica | null {
    const { rooms } = this.#core;
    if (!this.#core.isLinked(name) || !rooms.hasPlaceFor(name)) return null;
    const replica = rooms.replica(name);
    this.#hold(replica);
    return replica;
  }

  /** Has what is proposed to a log wait until everybody has arrived. */
  #hold(replica: Pick<RoomReplica, 'name' | 'pause'>): void {
    if (!this.#held.has(replica.name)) this.#held.set(replica.name, new Set());
    replica.pause();
  }
}

function isInside(member: MemberState, room: Room): boolean {
  return member.seats.some((seat) => seat.room === room);
}

function factsOf({ away, traits, metadata }: MemberState): Facts {
  return { away, traits: [...traits], metadata: [...metadata] };
}
