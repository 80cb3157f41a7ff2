/** The members that are connected to this node by a session besides the one that they have in the chat. */
import type { Security } from '../log/entry.js';
import type { Core } from './core.js';
import type { DomainOutcomes } from './domain-deeds.js';
import { nodeOf } from './gone-nodes.js';
import type { MemberDescription, Outlet } from './member.js';
import { type MemberState, stateOf, stranger } from './member-state.js';
import type { Attached, Lost } from './outcome.js';
import type { SeatState } from './room-state.js';
import { type Answer, whenSettled } from './ticket.js';

/** The rooms that somebody is in. */
type Rooms = MemberDescription['rooms'];

/**
 * Lets this node act for members of other nodes. It gets a session of its own for each of them, since only one process
 * may number the entries of a session; each entry says which member it is about. The domain's log knows to which nodes
 * a member is connected, so no node can end a member that another one needs.
 */
export class Branches {
  readonly #core: Core;
  /** The members of other nodes for whom somebody is connected here. */
  readonly #members = new Set<MemberState>();
  /** Those of them that the domain's log has not connected here yet, since this node has returned. */
  readonly #pending = new Set<MemberState>();
  /** The outlets that wait for the domain's log to connect them, by the sessions by which this node is to act. */
  readonly #waiting = new Map<string, Outlet>();
  /** The rooms of members that are gone from the chat, since the others have given this node up. */
  readonly #orphans = new Map<MemberState, Rooms>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** Connects an outlet to a member for which nobody is connected here. */
  attach(member: MemberState, outlet: Outlet): Answer<DomainOutcomes['attach']> {
    const via = this.#core.newSession();
    this.#waiting.set(via, outlet);
    const { domain, directory } = this.#core;
    const facts = { account: member.account, ...factsOf(outlet) };
    const stamp = domain.stamp(member.session, directory.now(), via);
    return domain.propose<'attach'>(member, { kind: 'attach', ...facts, ...stamp });
  }

  /** Forgets an outlet that waits. */
  cancel(outlet: Outlet): void {
    for (const [via, waiting] of this.#waiting) if (waiting === outlet) this.#waiting.delete(via);
  }

  /** The domain's log has connected a member to a node, which may be this one. */
  attached({ member: who, session }: Attached): void {
    const member = stateOf(who);
    // From now on it matters through which of its outlets it acts.
    if (member.isLocal) member.divide();
    if (!this.#core.isOwn(session) || session === member.session) return;
    if (session === member.branch) {
      this.#pending.delete(member);
      this.#orphans.delete(member);
      this.#report(member);
      return;
    }
    const outlet = this.#waiting.get(session);
    this.#waiting.delete(session);
    // Nobody waits any more, or somebody is connected here by now: one session is enough.
    if (outlet === undefined || member.isConnected) this.#retire(member, session);
    else this.#begin(member, session);
    if (outlet !== undefined) member.attach(outlet);
  }

  #begin(member: MemberState, session: string): void {
    member.branch = session;
    if (!member.isLocal) this.#members.add(member);
  }

  /** Reports whether somebody is present here, and the rights that were given here. */
  #report(member: MemberState): void {
    const { domain } = this.#core;
    const { absence, entitled } = member;
    const stamp = (): ReturnType<Core['stamp']> => this.#core.stamp(domain, member);
    if (absence !== null) domain.oblige<'away'>(member, { kind: 'away', reason: absence, ...stamp() });
    if (entitled !== null) domain.oblige<'operator'>(member, { kind: 'operator', privileges: entitled, ...stamp() });
  }

  #retire(member: MemberState, session: string): void {
    const { domain, directory } = this.#core;
    const stamp = domain.stamp(member.session, directory.now(), session);
    domain.oblige<'detach'>(member, { kind: 'detach', reason: '', sinceMs: stamp.atMs, ...stamp });
  }

  /**
   * Removes the last outlet here of a member.
   *
   * @param reason - the one with which it quits, if that was the last of all
   * @returns null if the others know already that nobody is connected for it here
   */
  leave(member: MemberState, outlet: Outlet, reason: string): Answer<DomainOutcomes['detach']> | null {
    const { domain } = this.#core;
    member.detach(outlet);
    member.absentSinceMs = this.#core.directory.now();
    if (!member.isLocal && member.branch === null) {
      this.#drop(member);
      return null;
    }
    const stamp = this.#core.stamp(domain, member);
    const answer = domain.oblige<'detach'>(member, { kind: 'detach', reason, sinceMs: stamp.atMs, ...stamp });
    member.branch = null;
    this.#drop(member);
    return answer;
  }

  /** A member has quit. If somebody is connected for it here, that ends. */
  ended(member: MemberState, reason: string): void {
    if (!this.#members.has(member)) return;
    // The others do not count the connections here, since they have given this node up.
    if (this.#core.isGone || this.#pending.has(member)) {
      if (!this.#orphans.has(member)) this.#orphans.set(member, roomsOf(member));
      return;
    }
    this.#drop(member);
    member.outlet.expel(reason);
  }

  /** A member has another account, whose password nobody here has given. */
  changedAccount(member: MemberState): void {
    // A member that the others know to be connected here does not change its account.
    const isUncounted = this.#core.isGone || this.#pending.has(member);
    if (member.account === null || !isUncounted || !this.#members.has(member)) return;
    this.#drop(member);
    member.outlet.expel('Your nick is logged in to another account');
  }

  #drop(member: MemberState): void {
    this.#members.delete(member);
    this.#pending.delete(member);
    this.#orphans.delete(member);
  }

  // Lost nodes

  /** A node is gone: some of its members continue here, or members that were connected here continue elsewhere. */
  lost({ moved, quits, partings }: Lost): void {
    for (const { member: who, former } of moved) {
      const member = stateOf(who);
      member.isLocal = this.#core.isOwn(member.session);
      if (member.branch === member.session) member.branch = null;
      if (this.#core.isOwn(former)) this.#core.returning.moved(former, member);
      if (member.isLocal) {
        member.divide();
        this.#members.delete(member);
      } else if (member.isConnected) {
        this.#members.add(member);
        // Its acts here wait until this node has returned.
        member.branch ??= this.#core.newSession();
      }
    }
    for (const { member: who, reason } of [...quits, ...partings]) this.ended(stateOf(who), reason);
  }

  /** Whether nobody here is shown that a member has quit: it returns with this node. */
  isOrphan(member: MemberState): boolean {
    return this.#orphans.has(member);
  }

  /** This node has returned under another name: it acts by other sessions for the members of other nodes. */
  comeBack(): void {
    for (const member of [...this.#members]) {
      if (this.#core.domain.fold.bySession(member.session) === member) this.#attachAgain(member);
      else this.#bringIn(member);
    }
  }

  /**
   * Lets an outlet that a process which this one replaces has handed over continue as a member of another node.
   *
   * @param rooms - those that the member is brought into if it has left the chat meanwhile
   */
  resume(member: MemberState, outlet: Outlet, rooms: Rooms): void {
    member.attach(outlet);
    if (member.branch !== null) return;
    if (!member.isLocal) this.#members.add(member);
    this.#orphans.set(member, rooms);
    this.#attachAgain(member);
  }

  #attachAgain(member: MemberState): void {
    const core = this.#core;
    const { domain } = core;
    const before = member.branch;
    this.#pending.add(member);
    member.branch = core.newSession();
    if (before !== null) core.returning.moved(before, member);
    const { outlet } = member;
    const entry = { kind: 'attach', account: null, ...factsOf(outlet), ...core.stamp(domain, member) } as const;
    whenSettled(domain.oblige<'attach'>(member, entry), (outcome) => {
      const isUnknown = outcome.kind === 'refused' && outcome.why === 'no-such-member';
      if (isUnknown && !core.isGivenUp && this.#pending.has(member)) this.#bringIn(member);
    });
  }

  /** Brings a member in that has left the chat while it was connected here. */
  #bringIn(member: MemberState): void {
    const rooms = this.#orphans.get(member) ?? roomsOf(member);
    this.#drop(member);
    const { absence, traits, metadata, session } = member;
    member.isLocal = true;
    member.become({ privileges: member.entitled });
    this.#core.returning.renew(member);
    const facts = { away: absence, traits: [...traits], metadata: [...metadata], rooms };
    for (const seat of [...member.seats]) this.#leaveSeat(seat, session);
    this.#core.returning.bringIn(member, facts);
  }

  /** Takes a member out of a room that still has a former session of it, before the new one does anything there. */
  #leaveSeat({ room, member, session }: SeatState, former: string): void {
    const { rooms, nodes, directory } = this.#core;
    const replica = rooms.of(room);
    if (replica === undefined) return;
    // The room may be about to learn of the former session only now.
    if (session !== former) nodes.say(replica, nodeOf(session));
    const stamp = replica.stamp(former, directory.now(), member.session);
    replica.oblige<'over'>(member, { kind: 'over', ...stamp });
  }
}

function factsOf({ isSecure, certificate, remoteHost }: Outlet): Security & { readonly address: string } {
  return { isSecure, certificate, address: stranger(remoteHost).address };
}

function roomsOf({ seats }: MemberState): Rooms {
  return seats.map(({ room, ranks }) => ({ name: room.name, ranks }));
}
