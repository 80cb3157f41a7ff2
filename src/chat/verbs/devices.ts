/** Members that are connected several times, or not at all. */
import type { Who } from '../../log/entry.js';
import type { DomainOutcomes } from '../domain-deeds.js';
import type { EventOf } from '../event.js';
import type { Introduction, Member, Outlet } from '../member.js';
import { type MemberState, stateOf, stranger } from '../member-state.js';
import { outletsOf } from '../outlets.js';
import { identityOf } from '../subject.js';
import type { Answer } from '../ticket.js';
import type { KeptOut } from './membership.js';
import { proposeRights } from './profile.js';
import type { Scene } from './scene.js';

/** Why a member without a connection is away. */
export const NOT_CONNECTED = 'Not connected';

/** Returns the address of a connection in its canonical form. */
export function addressOf({ remoteHost }: Outlet): string {
  return stranger(remoteHost).address;
}

/** Returns the addresses that a member is connected from; its arrival address if nobody is connected for it. */
export function addressesOf(who: Member): string[] {
  const { outlet, address } = stateOf(who);
  const addresses = new Set(outletsOf(outlet).map(addressOf));
  return addresses.size === 0 ? [address] : [...addresses];
}

/**
 * Returns the identity of a member at one of its outlets: with the address of that connection, and the privileges that
 * were given there; null if that is its identity everywhere.
 */
export function whoAt({ hostOf }: Scene, member: MemberState, outlet: Outlet): Who | null {
  const { who } = member;
  const privileges = member.privilegesAt(outlet);
  const address = outlet.remoteHost === who.address ? who.address : addressOf(outlet);
  if (address === who.address && privileges === who.privileges) return null;
  // A host that is shown instead of its address is its own wherever it is.
  const isOfAddress = who.host === hostOf(who.address);
  return { ...who, address, host: isOfAddress ? hostOf(address) : who.host, privileges };
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
    member.isLocal &&
    !member.isAlone &&
    member.account !== null &&
    fold(member.account) === folded &&
    // The member may be about to change its account.
    !core.domain.hasProposalOf(member.session, 'account');
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
 * Lets somebody who arrives share the member of its account.
 *
 * @returns null if nobody who has logged in to the account is here
 */
export function arriveAs(scene: Scene, who: Member, names: Introduction): Shared | KeptOut | null {
  const { nick, user, realName, account = null } = names;
  const arriving = stateOf(who);
  const shared = account === null ? undefined : ofAccount(scene, account, nick);
  if (shared === undefined) return null;
  const known = { ...arriving.who, nick, user, realName };
  const ban = scene.bans.find(identityOf(known, scene.directory.fold));
  if (ban !== null) return { kind: 'refused', why: 'banned', ban };
  const { absentSinceMs } = stateOf(shared);
  share(scene, shared, arriving.outlet);
  return { kind: 'shared', member: shared, absentSinceMs };
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
): Answer<DomainOutcomes['quit']> | null {
  const { core } = scene;
  const member = stateOf(who);
  if (!core.isKnown(member)) return null;
  const hasOthers = outletsOf(member.outlet).some((one) => one !== outlet);
  if (!hasOthers && !stays(scene, member)) return core.quit(member, reason);
  member.detach(outlet);
  if (!hasOthers) member.absentSinceMs = scene.directory.now();
  // The people who are connected, or connect next, know the password of the account, but perhaps not that of an
  // operator.
  if (member.isOperator) proposeRights(scene, member, member.entitled);
  showPresence(scene, member);
  return null;
}

/** One member of an account stays: if one stayed for each login under another nick, they would add up. */
function stays({ directory }: Scene, member: MemberState): boolean {
  const { account } = member;
  if (account === null || !member.traits.has('always-on')) return false;
  const { fold } = directory;
  for (const other of directory.members()) {
    if (other !== member && !other.isAlone && other.account !== null && fold(other.account) === fold(account))
      return false;
  }
  return true;
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
  if (absence !== member.away) proposeAway(scene, member, absence);
}

function proposeAway({ core }: Scene, member: MemberState, reason: string | null): Answer<EventOf<'away'> | null> {
  return core.domain.propose<'away'>(member, { kind: 'away', reason, ...core.stamp(core.domain, member) });
}
