/** The duties of a process towards other processes: it removes dead nodes, and reports the open rooms. */
import { type Heir, MAX_HEIRS, type RoomLog } from '../log/entry.js';
import type { Core } from './core.js';
import { nodeOf, sessionsOf } from './gone-nodes.js';
import type { Member } from './member.js';
import { type MemberState, stateOf } from './member-state.js';
import type { Lost } from './outcome.js';
import type { RoomReplica } from './rooms.js';
import { whenSettled } from './ticket.js';

/** The other processes, as far as they concern this one. */
export class Nodes {
  readonly #core: Core;
  /** Reports on their way to the domain's log: whether a room is open. */
  readonly #announced = new Map<RoomLog, boolean>();
  /** Members of gone nodes, until the log of private messages has reported that these are gone. */
  readonly #lost = new Map<string, MemberState>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** Proposes that a node is gone, with all its earlier incarnations. */
  giveUp(node: string): void {
    const { domain, steward } = this.#core;
    if (domain.fold.gone.has(node) || domain.hasGone(node)) return;
    domain.oblige<'gone'>(steward, { kind: 'gone', node, ...this.#core.stamp(domain, steward) });
  }

  /** Returns the member of a gone session, as long as messages to it and from it may still arrive. */
  lostBy(session: string): MemberState | undefined {
    return this.#lost.size === 0 ? undefined : this.#lost.get(session);
  }

  /** The domain's log has reported that a node is gone: the other logs must learn of it. */
  lose({ node, quits }: Lost): void {
    const { rooms, private: told } = this.#core;
    for (const { member } of quits) this.#lost.set(stateOf(member).session, stateOf(member));
    for (const replica of [...rooms.all()]) this.#clear(replica, node);
    if (!told.isOpening) this.sayPrivately(node);
  }

  /** A room may have members of a node that is gone. */
  #clear(replica: RoomReplica, node: string): void {
    const { fold, isOpening } = replica;
    if (isOpening || fold.isForeign || fold.knowsGone(node) || replica.hasGone(node)) return;
    const isLost = sessionsOf(node);
    for (const session of fold.sessions()) {
      if (!isLost(session)) continue;
      this.say(replica, node);
      return;
    }
  }

  /**
   * Proposes to a room's log that a node is gone. The home of a foreign room does so when the link reports it.
   *
   * @param foreignHeirs - for a node of another domain, the sessions under which its people continue
   */
  say(replica: RoomReplica, node: string, foreignHeirs: readonly Heir[] = []): void {
    if (replica.fold.isForeign || replica.hasGone(node)) return;
    const { domain, steward } = this.#core;
    const sessions = new Set(replica.fold.sessions());
    const isUseful = ([former, session]: Heir): boolean =>
      sessions.has(former) && !replica.fold.knowsGone(nodeOf(session));
    const heirs = [...domain.fold.heirsOf(sessions), ...foreignHeirs.filter((heir) => isUseful(heir))];
    replica.oblige<'gone'>(steward, {
      kind: 'gone',
      node,
      ...heirsIn(heirs),
      ...this.#core.stamp(replica, steward),
    });
  }

  /** Proposes to the log of private messages that a node is gone. */
  sayPrivately(node: string): void {
    const { domain, private: told, steward } = this.#core;
    if (told.fold.gone.has(node) || told.hasGone(node)) return;
    const heirs = domain.fold.heirsOf([...domain.fold.formerSessions()].filter(sessionsOf(node)));
    told.oblige<'gone'>(steward, { kind: 'gone', node, ...heirsIn(heirs), ...this.#core.stamp(told, steward) });
  }

  /** A log has returned a join or an invitation of somebody whose node may be gone by the domain's log. */
  dismissLate(replica: RoomReplica, who: Member): void {
    const { fold } = this.#core.domain;
    const member = stateOf(who);
    for (const session of [member.session, ...(fold.presencesOf(member)?.formers ?? [])]) {
      if (fold.gone.hasSession(session)) this.#clear(replica, nodeOf(session));
    }
  }

  /** A room has handed places over to sessions of other nodes, which may be gone by now, too. */
  handedOver(replica: RoomReplica): void {
    const { gone } = this.#core.domain.fold;
    const nodes = new Set([...replica.fold.sessions()].map(nodeOf));
    for (const node of nodes) if (gone.has(node)) this.#clear(replica, node);
  }

  /** A member is about to enter a room, whose log must not have its former sessions after that. */
  beforeEntry(replica: RoomReplica, member: MemberState): void {
    for (const former of this.#core.domain.fold.presencesOf(member)?.formers ?? []) {
      if (!replica.fold.knowsGone(nodeOf(former))) this.say(replica, nodeOf(former));
    }
  }

  /** The content of a room is known: it may have members of gone nodes. */
  roomCaughtUp(replica: RoomReplica): void {
    for (const node of this.#core.domain.fold.gone.nodes()) this.#clear(replica, node);
  }

  /** The contents of the log of private messages and of the domain's log are known. */
  privateCaughtUp(): void {
    for (const node of this.#core.domain.fold.gone.nodes()) this.sayPrivately(node);
  }

  /** The log of private messages has reported that a node is gone. */
  privateCleared(node: string): void {
    const isLost = sessionsOf(node);
    for (const session of this.#lost.keys()) if (isLost(session)) this.#lost.delete(session);
  }

  /** Makes the domain's log record whether a room is open. */
  announce(room: RoomLog, isOpen: boolean): void {
    if (this.#announced.get(room) === isOpen) return;
    this.#announced.set(room, isOpen);
    const { domain, steward } = this.#core;
    const stamp = this.#core.stamp(domain, steward);
    const answer = isOpen
      ? domain.oblige<'open'>(steward, { kind: 'open', room, ...stamp })
      : domain.oblige<'shut'>(steward, { kind: 'shut', room, ...stamp });
    whenSettled(answer, (outcome) => {
      // The log had already reported that this node is gone: the node reports the room again when it has returned.
      if (outcome?.kind === 'refused') this.#announced.delete(room);
    });
  }

  /** The domain's log has recorded whether a room is open. */
  named(room: RoomLog, isOpen: boolean): void {
    if (this.#announced.get(room) === isOpen) this.#announced.delete(room);
    this.#core.rooms.named(room, isOpen);
  }

  /** Gives up rooms that nobody has returned to for a long time. */
  abandon(replicas: readonly RoomReplica[]): void {
    const { steward } = this.#core;
    for (const replica of replicas) {
      if (replica.hasProposalOf(steward.session, 'abandon')) continue;
      replica.oblige<'abandon'>(steward, { kind: 'abandon', ...this.#core.stamp(replica, steward) });
    }
  }
}

/** The field of a report that a node is gone. */
function heirsIn(heirs: readonly Heir[]): { readonly heirs?: readonly Heir[] } {
  return heirs.length === 0 ? {} : { heirs: heirs.slice(0, MAX_HEIRS) };
}
