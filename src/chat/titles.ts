/** The names of rooms that several processes have to agree on: leads requests for other names to their end. */
import type { EntryOf, LogName, Place, RoomDeeds, RoomLog } from '../log/entry.js';
import { isRoomLog } from '../log/log-name.js';
import type { Core } from './core.js';
import type { EventOf } from './event.js';
import type { Outlet } from './member.js';
import type { MemberState } from './member-state.js';
import { Patience } from './patience.js';
import { NOT_TAKEN, type NotTaken, refuse, type Refused } from './refusal.js';
import type { RetitleRefusal } from './room-deeds.js';
import type { RoomReplica } from './rooms.js';
import { type Answer, OpenTicket, whenSettled } from './ticket.js';

/** The outcome of a request for another name. */
type Retitled = EventOf<'retitled'> | Refused<RetitleRefusal | 'name-taken'>;

/** The facts of a request. */
type Request = Pick<EntryOf<RoomDeeds, 'claim'>, 'who' | 'name' | 'reason'>;

/** One who waits for the outcome of its request. */
interface Asker {
  readonly claim: number;
  readonly by: MemberState;
  readonly voice: Outlet | null;
  readonly ticket: OpenTicket<Retitled | NotTaken>;
}

/**
 * Renames rooms in three steps, each in one log: the room asks for a name (`claim`), the log that is called after the
 * name gives it away or not (`cede`), and the room's log reports that (`titled`). Any process can do the next step, as
 * often as it likes: only the first one of each counts. A name that a room has no more is taken back (`reclaim`).
 */
export class Titles {
  readonly #core: Core;
  readonly #askers = new Map<LogName, Asker>();
  /** The rooms whose requests are open, and the logs whose names lead to other rooms. */
  readonly #claiming = new Patience();
  readonly #ceded = new Patience();

  constructor(core: Core) {
    this.#core = core;
  }

  /** Asks for another name of a room. */
  ask(replica: RoomReplica, by: MemberState, wanted: Request): Answer<Retitled> {
    if (replica.fold.isPermanent) return refuse('permanent', replica.fold);
    const stamp = this.#core.stamp(replica, by);
    const answer = replica.propose<'claim'>(by, { kind: 'claim', ...wanted, ...stamp });
    const { voice } = this.#core;
    const ticket = new OpenTicket<Retitled | NotTaken>();
    whenSettled(answer, (outcome) => {
      if (outcome.kind !== 'claimed') {
        ticket.settled(outcome);
        return;
      }
      this.#askers.set(replica.name, { claim: outcome.claim, by, voice, ticket });
      this.#decide(replica);
    });
    return ticket;
  }

  /** A room has asked for another name. */
  claimed(log: LogName): void {
    if (isRoomLog(log)) this.#claiming.add(log);
  }

  /** The name of a log leads to another room from now on. */
  ceded(log: LogName): void {
    if (!isRoomLog(log)) return;
    this.#ceded.add(log);
    this.#core.rooms.ceded(log);
  }

  reclaimed(log: LogName): void {
    if (!isRoomLog(log)) return;
    this.#ceded.remove(log);
    this.#core.rooms.reclaimed(log);
  }

  /** The content of a room is known. */
  caughtUp({ name, fold }: RoomReplica): void {
    if ((fold.claims?.open ?? null) !== null) this.claimed(name);
    if (fold.isCeded) this.ceded(name);
  }

  /** Returns the member of this process that waits for the outcome of a request; null if none does. */
  askerOf(log: LogName, claim: number): Pick<Asker, 'by' | 'voice'> | null {
    const asker = this.#askers.get(log);
    return asker?.claim === claim ? asker : null;
  }

  /** A request is decided. @param event - null if the room has not got the name */
  titled(log: LogName, claim: number, event: EventOf<'retitled'> | null): void {
    if (isRoomLog(log)) this.#claiming.remove(log);
    this.#answer(log, claim, event ?? refuse('name-taken'));
  }

  #answer(log: LogName, claim: number, outcome: Retitled | NotTaken): void {
    const asker = this.#askers.get(log);
    if (asker?.claim !== claim) return;
    this.#askers.delete(log);
    asker.ticket.settled(outcome);
  }

  /** Returns the room that one has to enter instead of a room that has refused it. @param name - the name it entered */
  destination(replica: RoomReplica, name: string): RoomReplica {
    const { rooms } = this.#core;
    const ceded = replica.fold.claims?.ceded ?? null;
    if (ceded === null) {
      // The room has closed, and has only the name of its log again.
      const home = rooms.namesake(name);
      this.#mayReclaim(home);
      return home;
    }
    return this.#mayReclaim(replica) ? replica : rooms.followed(ceded.room);
  }

  /**
   * Finishes what others have begun, and have not finished in time. Call it every second.
   *
   * @param patienceFor - returns the number of calls for which it waits for the others
   */
  review(patienceFor: (log: RoomLog) => number): void {
    const { rooms } = this.#core;
    for (const log of this.#claiming.ripe(patienceFor)) {
      const replica = rooms.ofLog(log);
      if (replica === undefined || (replica.fold.claims?.open ?? null) === null) this.#claiming.remove(log);
      else if (!replica.isOpening) this.#decide(replica);
    }
    for (const log of this.#ceded.ripe(patienceFor)) {
      const replica = rooms.ofLog(log);
      if (replica?.fold.isCeded !== true) this.#ceded.remove(log);
      else if (!replica.isOpening && !this.#mayReclaim(replica)) rooms.ceded(log);
    }
    for (const [log, { claim }] of [...this.#askers]) {
      const open = rooms.ofLog(log)?.fold.claims?.open;
      // Everybody has left the room.
      if (open?.number !== claim) this.#answer(log, claim, NOT_TAKEN);
    }
  }

  /** Has the log of the wanted name decide. */
  #decide(replica: RoomReplica): void {
    const claim = replica.fold.claims?.open ?? null;
    const { rooms, steward } = this.#core;
    const { name: room } = replica;
    if (claim === null || !isRoomLog(room)) return;
    const home = rooms.namesake(claim.name);
    this.#mayReclaim(home);
    const { number } = claim;
    if (this.#keepsName(home, room)) {
      // If another process has the name given away all the same, the room does not take it, and it is taken back.
      if (isRoomLog(home.name)) this.#report(replica, number, false, { room: home.name, seq: home.entered });
      return;
    }
    if (home.hasProposalOf(steward.session, 'cede')) return;
    const stamp = this.#core.stamp(home, steward);
    whenSettled(home.propose<'cede'>(steward, { kind: 'cede', room, claim: number, ...stamp }), (outcome) => {
      if (outcome.kind === 'refused') this.#answer(room, number, NOT_TAKEN);
      else if (isRoomLog(home.name))
        this.#report(replica, number, outcome.isGranted, { room: home.name, seq: home.entered });
    });
  }

  /**
   * Whether this process does not have a log give its name away: because the name is that of a room in its
   * configuration, which the log does not know, or because the log is of a later version.
   */
  #keepsName({ isOpening, isBeyondUs, fold: { isPermanent, claims } }: RoomReplica, to: RoomLog): boolean {
    return !isOpening && (isBeyondUs || (isPermanent && claims?.ceded?.room !== to));
  }

  #report(replica: RoomReplica, claim: number, isGranted: boolean, after: Place): void {
    const { steward } = this.#core;
    if (replica.hasProposalOf(steward.session, 'titled')) return;
    const stamp = this.#core.stamp(replica, steward);
    const answer = replica.propose<'titled'>(steward, { kind: 'titled', claim, isGranted, after, ...stamp });
    whenSettled(answer, (outcome) => {
      if (outcome?.kind === 'refused') this.#answer(replica.name, claim, NOT_TAKEN);
    });
  }

  /** Takes the name of a log back if the room that got it has it no more. @returns whether it is about to */
  #mayReclaim(replica: RoomReplica): boolean {
    const { rooms, steward } = this.#core;
    const { claims } = replica.fold;
    const ceded = claims?.ceded ?? null;
    if (claims === null || ceded === null || replica.isOpening) return false;
    const holder = rooms.followed(ceded.room);
    // What is here of that room may be older than its request.
    if (holder.isOpening || (holder.fold.claims?.count ?? 0) < ceded.claim) return false;
    if (holder.fold.holds(claims.home)) return false;
    if (replica.hasProposalOf(steward.session, 'reclaim')) return true;
    const after = { room: ceded.room, seq: holder.applied };
    const { room, claim } = ceded;
    const stamp = this.#core.stamp(replica, steward);
    replica.propose<'reclaim'>(steward, { kind: 'reclaim', room, claim, after, ...stamp });
    return true;
  }
}
