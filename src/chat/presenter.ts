/** What follows when an entry has been applied: who hears of it, and what else must be said in other logs. */
import type { LogName } from '../log/entry.js';
import type { Core } from './core.js';
import type { EventOf } from './event.js';
import type { Member } from './member.js';
import { type MemberState, stateOf } from './member-state.js';
import type { Lost, Outcome } from './outcome.js';
import { Publisher } from './publisher.js';
import type { RoomState } from './room-state.js';

/** Shows what has come of entries. It decides nothing: that has been done when it is called. */
export class Presenter {
  readonly #core: Core;
  readonly #publisher: Publisher;

  constructor(core: Core) {
    this.#core = core;
    this.#publisher = new Publisher(core.directory);
  }

  /**
   * Shows an outcome to everybody whom it concerns.
   *
   * @param log - the log that the entry is in
   * @param by - the member that gets the outcome as its answer; null if nobody waits for one
   */
  show(log: LogName, outcome: Outcome, by: MemberState | null): void {
    switch (outcome?.kind) {
      case 'said':
      case 'topic':
      case 'settings':
      case 'knocked':
      case 'away':
      case 'announced':
        this.#publisher.publish(outcome, by);
        return;
      case undefined:
        if (log.startsWith('r:')) this.#core.rooms.sort(log);
        return;
      case 'refused':
        return;
      case 'amended':
        if (outcome.event !== null) this.#publisher.publish(outcome.event, by);
        return;
      case 'arrived':
        this.#core.directory.appeared(outcome.member);
        return;
      case 'changed':
        this.#introduce(outcome.member);
        return;
      case 'lost':
        this.#showLost(outcome);
        return;
      case 'joined':
        // The room is there before anybody hears of it.
        this.#core.rooms.sort(log);
        this.#publisher.publish(outcome, by);
        this.#introduce(outcome.member);
        return;
      case 'left':
      case 'kicked':
        this.#publisher.publish(outcome, by);
        this.#core.rooms.sort(log);
        return;
      case 'retitled':
        this.#core.rooms.retitled(log, outcome.before);
        this.#publisher.publish(outcome, by);
        this.#core.directory.retitled(outcome, by);
        return;
      case 'invited':
        this.#publisher.publish(outcome, by);
        this.#publisher.publish({ ...outcome, audience: 'witnesses' }, by);
        return;
      case 'host':
      case 'realname':
      case 'renamed':
      case 'quit':
      case 'expelled':
        this.#publisher.publish(outcome, by);
        this.#follow(outcome);
    }
  }

  /** Does what follows from what has happened to a member. */
  #follow(event: EventOf<'host' | 'realname' | 'renamed' | 'quit' | 'expelled'>): void {
    const { directory } = this.#core;
    switch (event.kind) {
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
        return;
      case 'expelled': {
        const member = stateOf(event.member);
        if (member.isLocal) member.outlet.expel(event.parting);
      }
    }
  }

  /** Lets rooms know what a member of this process is known by, if it is not what they know. */
  #introduce(who: Member): void {
    const member = stateOf(who);
    if (!member.isLocal) return;
    for (const room of roomsOf(member)) if (room.whoIs(member) !== member.who) this.#identify(room, member);
  }

  #identify(room: RoomState, member: MemberState): void {
    const replica = this.#core.rooms.replica(room.name);
    const stamp = this.#core.stamp(replica, member);
    replica.propose<'identity'>(member, { kind: 'identity', who: member.who, ...stamp });
  }

  /** Takes a member of this process out of everything that it is in, or has asked to be in. */
  #leaveRooms({ member: who }: EventOf<'quit'>): void {
    const member = stateOf(who);
    if (!member.isLocal) return;
    const replicas = new Set(roomsOf(member).map(({ name }) => this.#core.rooms.replica(name)));
    for (const { name } of this.#core.waitingFor(member.session)) {
      const replica = this.#core.rooms.ofLog(name);
      if (replica !== undefined) replicas.add(replica);
    }
    for (const replica of replicas) {
      replica.propose<'over'>(member, { kind: 'over', ...this.#core.stamp(replica, member) });
    }
  }

  /** A node has stopped: every room that its members were in must know. */
  #showLost({ node, quits }: Lost): void {
    for (const quit of quits) {
      this.#publisher.publish(quit, null);
      this.#core.directory.disappeared(quit.member.nick);
    }
    for (const { member: who } of quits) {
      const member = stateOf(who);
      for (const { name } of roomsOf(member)) {
        const replica = this.#core.rooms.replica(name);
        replica.propose<'gone'>(member, { kind: 'gone', node, ...this.#core.stamp(replica, member) });
      }
    }
  }
}

/** The rooms that know a member: those it is in, and those it may enter. */
function roomsOf(member: MemberState): RoomState[] {
  return [...new Set([...member.seats.map(({ room }) => room), ...(member.invitations ?? [])])];
}
