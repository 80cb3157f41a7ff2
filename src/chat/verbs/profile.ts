/** The facts that a member changes about itself, and its rights. */
import type { Privilege, Trait } from '../../log/entry.js';
import type { EventOf } from '../event.js';
import type { Member } from '../member.js';
import { type MemberState, stateOf } from '../member-state.js';
import type { Changed } from '../outcome.js';
import { outletsOf } from '../outlets.js';
import { silencingRoom } from '../permissions.js';
import { refuse, type Refused } from '../refusal.js';
import type { Answer } from '../ticket.js';
import type { Scene } from './scene.js';

/** Gives a member another real name. */
export function setRealName(
  { core }: Scene,
  who: Member,
  realName: string,
): Answer<EventOf<'realname'> | Refused<'silenced'>> {
  const member = stateOf(who);
  const silencing = silencingRoom(member);
  if (silencing !== null) return refuse('silenced', silencing);
  return core.domain.propose<'realname'>(member, { kind: 'realname', realName, ...core.stamp(core.domain, member) });
}

/** Shows others another host instead of the one from which a member has connected. */
export function setHost({ core }: Scene, who: Member, host: string): Answer<EventOf<'host'>> {
  const member = stateOf(who);
  return core.domain.propose<'host'>(member, { kind: 'host', host, ...core.stamp(core.domain, member) });
}

/**
 * Logs a member in to an account, or out of its account. The chat does not check whether it may.
 *
 * @param account - null logs it out. @returns null if nothing has changed
 */
export function setAccount({ core }: Scene, who: Member, account: string | null): Answer<EventOf<'account'> | null> {
  const member = stateOf(who);
  return core.domain.propose<'account'>(member, { kind: 'account', account, ...core.stamp(core.domain, member) });
}

/** Switches a trait of a member. @returns null if nothing has changed */
export function setTrait({ core }: Scene, who: Member, trait: Trait, on: boolean): Answer<Changed | null> {
  const member = stateOf(who);
  return core.domain.propose<'trait'>(member, { kind: 'trait', trait, on, ...core.stamp(core.domain, member) });
}

/**
 * Makes a member an operator of the server where it acts. These rights replace those that it has there.
 *
 * @param privileges - null takes all of them away
 * @returns null if nothing has changed
 */
export function setOperator(
  scene: Scene,
  who: Member,
  privileges: readonly Privilege[] | null,
): Answer<Changed | null> {
  const member = stateOf(who);
  const [first] = outletsOf(member.outlet);
  const outlet = scene.core.voice ?? first;
  if (outlet === undefined) return proposeRights(scene, member, privileges);
  if (privileges === null && member.isDivided && member.privilegesAt(outlet) === null) return null;
  member.entitle(outlet, privileges);
  return proposeRights(scene, member, member.entitled);
}

/** Proposes the rights that a member has through all of its connections together. */
export function proposeRights(
  { core }: Scene,
  member: MemberState,
  privileges: readonly Privilege[] | null,
): Answer<Changed | null> {
  return core.domain.propose<'operator'>(member, { kind: 'operator', privileges, ...core.stamp(core.domain, member) });
}
