/** Members that are connected several times, or not at all. */
import type { Who } from '../../log/entry.js';
import type { EventOf } from '../event.js';
import type { Introduction, Member, Outlet } from '../member.js';
import { type MemberState, stateOf, stranger } from '../member-state.js';
import { outletsOf } from '../outlets.js';
import { NOT_CONNECTED } from '../presences.js';
import { identityOf } from '../subject.js';
import { type Answer, mapAnswer } from '../ticket.js';
import type { KeptOut } from './membership.js';
import { proposeRights } from './profile.js';
import type { Scene } from './scene.js';

/** Returns the address of a connection in its canonical form. */
export function addressOf({ remoteHost }: Outlet): string {
  return stranger(remoteHost).address;
}

/** Returns the addresses that a member is connected from; its arrival address if nobody is connected for it. */
export function addressesOf(scene: Scene, who: Member): string[] {
  const member = stateOf(who);
  const own = outletsOf(member.outlet).map(addressOf);
  const addresses = new Set([...own, ...addressesElsewhere(scene, member)]);
  return addresses.size === 0 ? [member.address] : [...addresses];
}

/** Returns the addresses of a member's connections to other nodes: for each node, that of the first connection. */
export function addressesElsewhere({ core }: Scene, member: MemberState): string[] {
  const { isConnected, proposer } = member;
  const presences = core.domain.fold.presencesOf(member);
  return [...(presences?.sessions() ?? [])].flatMap((session) => {
    const elsewhere = isConnected && session === proposer ? undefined : presences?.of(session);
    return elsewhere === undefined ? [] : [elsewhere.address];
  });
}

/** Returns the identity of a member at a connection from an address. */
export function whoFrom({ hostOf }: Scene, { who }: MemberState, address: string): Who {
  // A host that is shown instead of its address is its own wherever it is.
  const isOfAddress = who.host === hostOf(who.address);
  return { ...who, address, host: isOfAddress ? hostOf(address) : who.host };
}

/**
 * Returns the identity of a member at one of its outlets: with the address of that connection, and the privileges that
 * were given there; null if that is its identity everywhere.
 */
export function whoAt(scene: Scene, member: MemberState, outlet: Outlet): Who | null {
  const { who } = member;
  const privileges = member.privilegesAt(outlet);
  const address = outlet.remoteHost === who.address ? who.address : addressOf(outlet);
  if (address === who.address && privileges === who.privileges) return null;
  return { ...whoFrom(scene, member, address), privileges };
}

/**
 * Runs a call in which a member acts through one of its outlets: that outlet gets the answers, and its address and
 * rights count.
 */
export function through<T>(scene: Scene, who: Member, outlet: Outlet, act: () => T): T {
  const member = stateOf(who);
  return scene.core.through(outlet, () => member.actAs(whoAt(scene, member, outlet), act));
}

/** Returns the member of an account that another connection may share; the one with this nick, if there are several. */
export function ofAccount({ core, directory }: Scene, account: string, nick: string): Member | undefined {
  const { fold } = directory;
  const folded = fold(account);
  const wanted = directory.member(nick);
  const isOwn = (member: MemberState): boolean =>
    (member.isLocal || core.mayShareMembers) &&
    !member.isAlone &&
    member.account !== null &&
    fold(member.account) === folded &&
    // The member may be about to change its account.
    !core.domain.hasProposalOf(member.proposer, 'account');
  if (wanted !== undefined && isOwn(wanted)) return wanted;
  for (const member of directory.members()) if (isOwn(member)) return member;
  return undefined;
}

/** Somebody who arrives shares a member that is here already. */
export interface Shared {
  readonly kind: 'shared';
  readonly member: Member;
  /** Since when nobody was connected for it, in milliseconds since the epoch; null if somebody was. */
  readonly absentSinceMs: number | null;
}

/**
 * Lets somebody who arrives share the member of its account, whichever node that is connected to.
 *
 * @returns null if nobody who has logged in to the account is here
 */
export function arriveAs(scene: Scene, who: Member, names: Introduction): Answer<Shared | KeptOut | null> {
  const { nick, user, realName, account = null } = names;
  const arriving = stateOf(who);
  // An earlier request may still be on its way.
  scene.core.branches.cancel(arriving.outlet);
  const shared = account === null ? undefined : ofAccount(scene, account, nick);
  if (shared === undefined) return null;
  const known = { ...arriving.who, nick, user, realName };
  const ban = scene.bans.find(identityOf(known, scene.directory.fold));
  if (ban !== null) return { kind: 'refused', why: 'banned', ban };
  const member = stateOf(shared);
  if (!isHere(scene, member)) {
    return mapAnswer(scene.core.branches.attach(member, arriving.outlet), (outcome) =>
      outcome.kind === 'attached' ? ({ kind: 'shared', member, absentSinceMs: outcome.absentSinceMs } as const) : null,
    );
  }
  const { absentSinceMs } = member;
  share(scene, shared, arriving.outlet);
  return { kind: 'shared', member: shared, absentSinceMs };
}

/** Whether the others know that somebody is connected to this process for a member, or need not know it. */
function isHere({ core }: Scene, { isLocal, isConnected, branch }: MemberState): boolean {
  return !core.mayShareMembers || (isConnected && (isLocal || branch !== null));
}

/** Adds an outlet to a member. Somebody is present again, so the member is no longer away. */
export function share(scene: Scene, who: Member, outlet: Outlet): void {
  const member = stateOf(who);
  member.attach(outlet);
  member.absentSinceMs = null;
  showPresence(scene, member);
}

/**
 * Removes an outlet from a member, or lets the member quit if it is the last one. A member that is always on stays, if
 * no other of its account is here.
 *
 * @returns null if the member stays, or was not here
 */
export function leave(
  scene: Scene,
  who: Member,
  outlet: Outlet,
  reason: string,
): Answer<EventOf<'quit'> | null> | null {
  const { core } = scene;
  const member = stateOf(who);
  const hasOthers = outletsOf(member.outlet).some((one) => one !== outlet);
  core.branches.cancel(outlet);
  if (!hasOthers && isKeptByOthers(scene, member)) {
    const left = core.branches.leave(member, outlet, reason);
    return left && mapAnswer(left, (outcome) => (outcome?.kind === 'quit' ? outcome : null));
  }
  if (!core.isKnown(member)) return null;
  if (!hasOthers && !core.domain.fold.stays(member)) return core.quit(member, reason);
  member.detach(outlet);
  if (!hasOthers) member.absentSinceMs = scene.directory.now();
  // The people who are connected, or connect next, know the password of the account, but perhaps not that of an
  // operator.
  if (member.isOperator) proposeRights(scene, member, member.entitled);
  showPresence(scene, member);
  return null;
}

/** Whether other nodes may be connected for a member: then the log decides whether it quits. */
function isKeptByOthers({ core }: Scene, member: MemberState): boolean {
  if (!member.isLocal) return true;
  const { fold } = core.domain;
  const isShareable = member.account !== null || fold.presencesOf(member) !== undefined;
  return core.mayShareMembers && isShareable && fold.bySession(member.session) === member;
}

/**
 * Marks the outlet through which a member acts as one without anybody present. The member is away if nobody is present
 * at any outlet.
 *
 * @param reason - null if somebody is present
 */
export function setAway(scene: Scene, who: Member, reason: string | null): Answer<EventOf<'away'> | null> {
  const member = stateOf(who);
  const [first] = outletsOf(member.outlet);
  const outlet = scene.core.voice ?? first;
  if (outlet === undefined) return proposeAway(scene, member, reason);
  member.mark(outlet, reason);
  return proposeAway(scene, member, member.absence);
}

/** Makes a member away, or not, by the current state of its outlets. */
function showPresence(scene: Scene, member: MemberState): void {
  const absence = outletsOf(member.outlet).length === 0 ? NOT_CONNECTED : member.absence;
  if (absence !== scene.core.domain.fold.absenceAt(member, member.proposer)) proposeAway(scene, member, absence);
}

function proposeAway({ core }: Scene, member: MemberState, reason: string | null): Answer<EventOf<'away'> | null> {
  return core.domain.propose<'away'>(member, { kind: 'away', reason, ...core.stamp(core.domain, member) });
}
