/** The consequences of an entry that has been applied: its audience, and entries for other logs. */
import { type LogName, RANKS } from '../log/entry.js';
import { isFromAbroad } from './abroad.js';
import type { Assembly } from './assembly.js';
import type { Core } from './core.js';
import type { EventOf } from './event.js';
import type { Member, Outlet } from './member.js';
import { type MemberState, stateOf } from './member-state.js';
import type { Attached, Cleared, Departed, Identified, Lost, Outcome, Titled } from './outcome.js';
import { Publisher } from './publisher.js';
import type { LogTrouble } from './replica.js';
import { RANK_BITS } from './room.js';
import { type RoomState, roomStateOf } from './room-state.js';
import type { RoomReplica } from './rooms.js';
import { isSameWho } from './subject.js';

/** The texts that members of a room read when its log had lost its end. */
const LOSSES = {
  restored: 'The database had lost the last messages of this room. They have been put back: nothing is missing.',
  regressed: 'The database has lost the last messages of this room. They may be missing, or in another order.',
} as const;

/** The texts that members of a room of another domain read when its home cannot be reached, and when it can again. */
const CUT = 'The domain of this room cannot be reached. Nothing arrives from there, and what you say here waits.';
const MENDED = 'The domain of this room can be reached again.';

/**
 * The reasons for which members of other domains leave rooms, and a member leaves a room of another domain against its
 * will.
 */
const HAS_QUIT = 'has left';
const LINK_LOST = 'the link between the domains was lost';

/** Shows the outcomes of entries. It decides nothing: that has been done when it is called. */
export class Presenter {
  readonly #core: Core;
  readonly #publisher: Publisher;
  #isQuiet = false;

  constructor(core: Core, assembly: Assembly | null) {
    this.#core = core;
    this.#publisher = new Publisher(core.directory, core.returning, assembly);
  }

  /** Whether nobody is shown anything. All other consequences of an entry still take place. */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  set isQuiet(on: boolean) {
    this.#isQuiet = on;
    this.#publisher.isQuiet = on;
  }

  /**
   * Shows an outcome to everybody whom it concerns.
   *
   * @param log - the log that the entry is in
   * @param by - the member that gets the outcome as its answer; null if nobody waits for one
   * @param voice - the outlet where it gets the answer; null for its first
   */
  show(log: LogName, outcome: Outcome, by: MemberState | null, voice: Outlet | null): void {
    switch (outcome?.kind) {
      case 'away':
        if (!this.#core.returning.isQuiet(outcome.member)) this.#publisher.publish(outcome, by, voice);
        return;
      case 'said':
      case 'redacted':
      case 'topic':
      case 'settings':
      case 'knocked':
      case 'announced':
      case 'broadcast':
        this.#publisher.publish(outcome, by, voice);
        return;
      case 'identified':
        this.#showIdentified(outcome);
        this.#settleRoom(log, by);
        return;
      case 'departed':
        this.#showDeparted(log, outcome);
        this.#settleRoom(log, by);
        return;
      case undefined:
        if (log.startsWith('r:')) this.#settleRoom(log, by);
        return;
      case 'refused':
        return;
      case 'amended':
        // Automatic changes of the server are not an answer to anybody.
        if (outcome.event !== null)
          this.#publisher.publish(outcome.event, outcome.event.by === null ? null : by, voice);
        this.#settleRoom(log, by);
        return;
      case 'arrived':
        this.#core.yieldNick(stateOf(outcome.member));
        if (!this.#isQuiet && !this.#core.returning.isQuiet(outcome.member)) {
          this.#core.directory.appeared(outcome.member);
        }
        return;
      case 'changed':
        this.#introduce(outcome.member);
        return;
      case 'attached':
        this.#core.branches.attached(outcome);
        this.#showChange(outcome);
        return;
      case 'detached':
        this.#showChange(outcome);
        return;
      case 'reserved':
        for (const squatter of outcome.squatters) this.#core.displace(stateOf(squatter));
        return;
      case 'erased':
        this.#core.erased(outcome.account);
        return;
      case 'banned':
        this.#core.enforce(outcome);
        return;
      case 'unbanned':
        return;
      case 'named':
        this.#core.nodes.named(outcome.room, outcome.isOpen);
        return;
      case 'cleared':
        if (log === this.#core.private.name) this.#core.nodes.privateCleared(outcome.node);
        else this.#core.rooms.sort(log);
        this.#core.returning.heard(log, outcome);
        this.#showCleared(log, outcome);
        this.#showMoved(log, outcome);
        return;
      case 'lost':
        this.#showLost(outcome);
        return;
      case 'joined':
        // The room exists before anybody is shown the event.
        this.#core.rooms.sort(log);
        this.#showJoined(log, outcome, by, voice);
        this.#introduce(outcome.member);
        this.#dismissLate(log, outcome.member);
        this.#foreignerEntered(outcome.member);
        if (this.#isHeardTwice(stateOf(outcome.member), by)) this.#core.directory.entered(outcome, voice);
        return;
      case 'left':
      case 'kicked':
        this.#publisher.publish(outcome, by, voice);
        this.#foreignerLeft(outcome.member);
        this.#core.rooms.sort(log);
        return;
      case 'annotated':
        if (!this.#isQuiet && !this.#core.returning.isQuiet(outcome.by)) this.#core.directory.annotated(outcome, by);
        return;
      case 'retitled':
        this.#core.rooms.retitled(log, outcome.before);
        this.#publisher.publish(outcome, by, voice);
        this.#core.directory.retitled(outcome, by);
        return;
      case 'claimed':
        this.#core.titles.claimed(log);
        return;
      case 'ceded':
        if (outcome.isGranted) this.#core.titles.ceded(log);
        return;
      case 'titled':
        this.#showTitled(log, outcome);
        return;
      case 'reclaimed':
        this.#core.titles.reclaimed(log);
        return;
      case 'invited':
        this.#publisher.publish(outcome, by, voice);
        this.#publisher.publish({ ...outcome, audience: 'witnesses' }, by, voice);
        this.#dismissLate(log, outcome.member);
        return;
      case 'renamed':
        this.#core.yieldNick(stateOf(outcome.member));
        this.#publisher.publish(outcome, by, voice);
        this.#follow(outcome);
        return;
      case 'account':
      case 'host':
      case 'realname':
      case 'quit':
      case 'expelled':
        this.#publisher.publish(outcome, by, voice);
        this.#follow(outcome);
    }
  }

  /** Shows the members of a room that its log has lost events that they have seen. */
  showTrouble(room: RoomState, { kind }: LogTrouble, atMs: number): void {
    if (kind === 'restored' || kind === 'regressed') this.#notify(room, LOSSES[kind], atMs);
  }

  /** Shows the members of a room of another domain that its home cannot be reached, or can again. */
  showCut(room: RoomState, isCut: boolean): void {
    this.#notify(room, isCut ? CUT : MENDED, this.#core.directory.now());
  }

  #notify(room: RoomState, text: string, atMs: number): void {
    const common = {
      kind: 'said',
      atMs,
      by: null,
      room,
      to: null,
      ranks: 0,
      id: '',
      tags: [],
      isDivisible: true,
    } as const;
    this.#publisher.publish({ ...common, type: 'notice', text }, null);
  }

  /** Shows that somebody has entered, unless those inside were not shown that it was absent. */
  #showJoined(log: LogName, joined: EventOf<'joined'>, by: MemberState | null, voice: Outlet | null): void {
    const insiders = this.#core.returning.insidersWith(log, joined.member);
    if (insiders !== null) {
      this.#publisher.publishToOthers(joined, insiders);
      return;
    }
    this.#publisher.publish(joined, by, voice);
    this.#showRanks(joined, by);
  }

  // Rooms that several domains have

  /** A member of another domain has another nick: only its rooms report it. */
  #showIdentified({ atMs, member: who, room }: Identified): void {
    const member = stateOf(who);
    if (!isFromAbroad(member.session)) return;
    const nick = roomStateOf(room).faceOf(member)?.nick ?? member.nick;
    const before = member.nick;
    // Another room has already reported it.
    if (nick === before) return;
    this.#core.foreigners.rename(member, nick);
    this.#publisher.publish({ kind: 'renamed', atMs, member, before }, null);
    this.#core.directory.renamed(member, before);
  }

  /** Somebody who has left the chat is out of a room, unless another domain's room has lost it. */
  #showDeparted(log: LogName, { atMs, id, member: who, room, reason }: Departed): void {
    const member = stateOf(who);
    if (isFromAbroad(member.session)) {
      this.#publisher.publish({ kind: 'left', atMs, id, member, room, reason: HAS_QUIT }, null);
      this.#foreignerLeft(member);
      return;
    }
    if (reason !== '' || !roomStateOf(room).isForeign || !this.#core.isKnown(member)) return;
    this.#publisher.publish({ kind: 'left', atMs, id, member, room, reason: LINK_LOST }, null);
    const replica = this.#core.rooms.ofLog(log);
    if (replica !== undefined) this.#core.enterAgain(replica, member);
  }

  /** A node of another domain has stopped. */
  #showCleared(log: LogName, { members, node }: Cleared): void {
    const room = this.#core.rooms.ofLog(log)?.fold;
    if (room === undefined || !isFromAbroad(node)) return;
    const atMs = this.#core.directory.now();
    for (const member of members) {
      this.#publisher.publish({ kind: 'left', atMs, id: '', member, room, reason: 'node lost' }, null);
      this.#foreignerLeft(member);
    }
  }

  /** Reports to those who watch its nick that a member of another domain is in a room, if it was in none before. */
  #foreignerEntered(who: Member): void {
    const member = stateOf(who);
    if (!isFromAbroad(member.session) || this.#isQuiet) return;
    if (member.seats.length === 1) this.#core.directory.appeared(member);
  }

  /** Reports to those who watch its nick that a member of another domain has left its last room. */
  #foreignerLeft(who: Member): void {
    const { session, nick } = stateOf(who);
    if (!isFromAbroad(session) || this.#isQuiet) return;
    const { directory, foreigners } = this.#core;
    if (foreigners.byNick(nick) === undefined) directory.disappeared(nick);
  }

  /** Members have other sessions in a room. */
  #showMoved(log: LogName, { moved }: Cleared): void {
    const replica = moved.length === 0 ? undefined : this.#core.rooms.ofLog(log);
    if (replica === undefined) return;
    for (const who of moved) {
      const member = stateOf(who);
      const seat = isFromAbroad(member.session) ? replica.fold.seatOf(member) : undefined;
      if (seat === undefined) this.#introduce(member);
      else this.#core.foreigners.move(member, seat.session);
    }
    this.#core.nodes.handedOver(replica);
  }

  /** Shows how a foreign room differs from its former state. @param before - the members who were inside */
  showRenewed(room: RoomState, before: readonly MemberState[]): void {
    const atMs = this.#core.directory.now();
    const inside = new Set(before);
    for (const member of before) {
      if (room.seatOf(member) !== undefined) continue;
      this.#publisher.publish({ kind: 'left', atMs, id: '', member, room, reason: LINK_LOST }, null);
      this.#foreignerLeft(member);
    }
    for (const { member } of room.seats) {
      if (inside.has(member) || member.isLocal) continue;
      this.#publisher.publish({ kind: 'joined', atMs, id: '', member, room }, null);
      this.#foreignerEntered(member);
    }
  }

  /** Shows a member that it is in a room which it has not just asked for. */
  showEntered(joined: EventOf<'joined'>): void {
    const member = stateOf(joined.member);
    this.#publisher.showTo(joined, member);
    // Otherwise all its outlets have been shown the event.
    if (member.furtherOutlets.length === 0) this.#core.directory.entered(joined, null);
  }

  /**
   * The content of a room is known from now on. Members may have entered it through other nodes, which is news to their
   * connections here; members that have gone since must leave it.
   */
  showOpened(replica: RoomReplica): void {
    const { fold: room } = replica;
    const { domain, directory } = this.#core;
    for (const { member } of [...room.seats]) {
      if (this.#core.isOver(member)) this.#dismiss(replica, member);
      if (!member.isConnected || !domain.fold.isSpread(member)) continue;
      const joined = { kind: 'joined', atMs: directory.now(), id: '', member, room } as const;
      this.#publisher.showEverywhere(joined, member);
      directory.entered(joined, null);
    }
  }

  /** Shows the new name of a room, if it has got one, to all but the one who gets it as an answer. */
  #showTitled(log: LogName, { claim, event }: Titled): void {
    const { titles, rooms, directory } = this.#core;
    const { by, voice } = titles.askerOf(log, claim) ?? { by: null, voice: null };
    if (event !== null) {
      rooms.retitled(log, event.before);
      this.#publisher.publish(event, by, voice);
      directory.retitled(event, by);
    }
    titles.titled(log, claim, event);
  }

  /** Shows members here that a member has another nick, since somebody has taken its own nick while it was absent. */
  showRenamed(event: EventOf<'renamed'>): void {
    this.#publisher.publish(event, null);
    this.#core.directory.renamed(event.member, event.before);
  }

  /** Shows a member, and those who were inside with it, that it has not been let in again. */
  showLeft(event: EventOf<'left'>): void {
    this.#publisher.publish(event, null);
  }

  /** Shows the others the ranks that a returning member has kept; it reads its own in the list of members. */
  #showRanks({ atMs, member, room }: EventOf<'joined'>, by: MemberState | null): void {
    const ranks = room.ranksOf(member);
    if (ranks === 0 || room.size === 1) return;
    const changes = RANKS.filter((rank) => (ranks & RANK_BITS[rank]) > 0).map(
      (rank) => ({ kind: 'rank', on: true, rank, member }) as const,
    );
    this.#publisher.publish({ kind: 'settings', atMs, id: '', by: member, room, changes }, by);
  }

  /** Carries out the consequences of an event about a member. */
  #follow(event: EventOf<'account' | 'host' | 'realname' | 'renamed' | 'quit' | 'expelled'>): void {
    const { directory } = this.#core;
    switch (event.kind) {
      case 'account':
        this.#core.branches.changedAccount(stateOf(event.member));
        this.#introduce(event.member);
        return;
      case 'host':
      case 'realname':
        this.#introduce(event.member);
        return;
      case 'renamed':
        this.#introduce(event.member);
        directory.renamed(event.member, event.before);
        return;
      case 'quit':
        this.#leaveRooms(event);
        directory.disappeared(event.member.nick);
        this.#core.branches.ended(stateOf(event.member), event.reason);
        return;
      case 'expelled': {
        const member = stateOf(event.member);
        if (member.isLocal) this.#core.putOut(member, event.parting);
        else member.outlet.expel(event.parting);
      }
    }
  }

  /**
   * Something has changed that nobody is shown. The room may open or close, and may need the new identity of a member.
   */
  #settleRoom(log: LogName, by: MemberState | null): void {
    this.#core.rooms.sort(log);
    const room = by === null ? undefined : this.#core.rooms.ofLog(log)?.fold;
    // Its identity may have changed since that was proposed.
    if (by !== null && room !== undefined && !knows(room, by)) this.#identify(room, by);
  }

  /** Whether a member has outlets here besides the one that has entered a room. */
  #isHeardTwice(member: MemberState, by: MemberState | null): boolean {
    return member.furtherOutlets.length > 0 || (by === null && this.#core.domain.fold.isSpread(member));
  }

  /** A member has other connections from now on, and so perhaps another absence, or other rights. */
  #showChange({ member, away }: Pick<Attached, 'member' | 'away'>): void {
    if (away !== null) this.#publisher.publish(away, null);
    this.#introduce(member);
  }

  /** Gives rooms the current identity of a member of this process, if they know another one. */
  #introduce(who: Member): void {
    const member = stateOf(who);
    if (!member.isLocal) return;
    this.#core.displace(member);
    for (const room of roomsOf(member)) if (!knows(room, member)) this.#identify(room, member);
  }

  #identify(room: RoomState, member: MemberState): void {
    const replica = this.#core.rooms.of(room);
    // The member is checked again when that proposal has returned.
    if (replica === undefined || replica.hasProposalOf(member.proposer, 'identity')) return;
    const stamp = this.#core.stamp(replica, member);
    replica.oblige<'identity'>(member, { kind: 'identity', who: room.guiseOf(member.who), ...stamp });
  }

  /** Removes a member of this process from all rooms that it is in, or has asked to enter. */
  #leaveRooms({ member: who }: EventOf<'quit'>): void {
    const member = stateOf(who);
    if (!member.isLocal) return;
    const replicas = new Set(roomsOf(member).flatMap((room) => this.#core.rooms.of(room) ?? []));
    for (const { name } of this.#core.waitingFor(member.proposer)) {
      const replica = this.#core.rooms.ofLog(name);
      if (replica !== undefined) replicas.add(replica);
    }
    for (const replica of replicas) this.#dismiss(replica, member);
  }

  /** Removes a member of this process that has gone before the log returned its join, or its invitation. */
  #dismissLate(log: LogName, who: Member): void {
    const member = stateOf(who);
    const replica = this.#core.rooms.ofLog(log);
    if (replica === undefined) return;
    if (this.#core.isOver(member)) this.#dismiss(replica, member);
    else this.#core.nodes.dismissLate(replica, member);
  }

  #dismiss(replica: RoomReplica, member: MemberState): void {
    if (replica.hasProposalOf(member.proposer, 'over')) return;
    replica.oblige<'over'>(member, { kind: 'over', ...this.#core.stamp(replica, member) });
  }

  /** A node has stopped: all rooms of its members must learn of it. */
  #showLost(lost: Lost): void {
    this.#core.branches.lost(lost);
    for (const quit of lost.quits) {
      // Members of this process return.
      if (stateOf(quit.member).isLocal || this.#core.branches.isOrphan(stateOf(quit.member))) continue;
      this.#publisher.publish(quit, null);
      this.#core.directory.disappeared(quit.member.nick);
    }
    for (const quit of lost.partings) {
      if (!this.#core.branches.isOrphan(stateOf(quit.member))) this.#publisher.publish(quit, null);
      this.#follow(quit);
    }
    for (const change of lost.changes) this.#showChange(change);
    this.#core.lost(lost);
  }
}

/** Whether a room knows the current identity of a member, or has nothing to do with it. */
function knows(room: RoomState, member: MemberState): boolean {
  const known = room.whoIs(member);
  return known === undefined || isSameWho(known, room.guiseOf(member.who));
}

/** The rooms that know a member: those that it is in, and those that it may enter. */
function roomsOf(member: MemberState): RoomState[] {
  return [...new Set([...member.seats.map(({ room }) => room), ...(member.invitations ?? [])])];
}
