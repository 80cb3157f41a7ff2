/** Bans people from the server. */
import type { Member, Outlet } from '../member.js';
import { type MemberState, stateOf } from '../member-state.js';
import type { Banned } from '../outcome.js';
import { outletsOf } from '../outlets.js';
import { refuse, type Refused } from '../refusal.js';
import type { BanKind, ServerBan } from '../server-bans.js';
import { identityOf } from '../subject.js';
import { type Answer, mapAnswer } from '../ticket.js';
import { addressesElsewhere, addressOf, whoAt, whoFrom } from './devices.js';
import type { Scene } from './scene.js';

/** A ban that has been set, and the number of connections it has ended; a member without a connection counts as one. */
export interface BanSet {
  readonly kind: 'ban-set';
  readonly ban: ServerBan;
  readonly expelledCount: number;
}

/** A ban that has been lifted. */
export interface BanLifted {
  readonly kind: 'ban-lifted';
  readonly ban: ServerBan;
}

/** A member to whom a ban applies, and its affected connections. */
interface Concerned {
  readonly member: MemberState;
  readonly outlets: readonly Outlet[];
}

/**
 * Sets a ban, and removes the members to whom it applies. If a member is connected several times, only the connections
 * to which the ban applies are removed.
 *
 * @param by - null for the operator of the server itself
 * @param parting - the reason that the others get for the removed members
 */
export function setBan(
  scene: Scene,
  by: Member | null,
  ban: ServerBan,
  parting: string,
): Answer<BanSet | Refused<'not-privileged' | 'holds-for-oneself' | 'too-many-bans'>> {
  if (by?.may('ban') === false) return refuse('not-privileged');
  const concerned = concernedBy(scene, ban);
  if (concerned.some(({ member }) => member === by)) return refuse('holds-for-oneself');
  const expelledCount = concerned.reduce((sum, { outlets }) => sum + Math.max(1, outlets.length), 0);
  const { core } = scene;
  const { domain } = core;
  const proposer = by === null ? core.steward : stateOf(by);
  const { maxBans } = scene.bans;
  const stamp = core.stamp(domain, proposer);
  const set = domain.propose<'ban'>(proposer, { kind: 'ban', ban, parting, maxBans, ...stamp });
  return mapAnswer(set, (outcome) =>
    outcome.kind === 'banned' ? ({ kind: 'ban-set', ban, expelledCount } as const) : outcome,
  );
}

/** Removes the members of this process to whom a ban that has been set applies. */
export function enforce(scene: Scene, { ban, parting }: Banned): void {
  for (const { member, outlets } of concernedBy(scene, ban)) {
    const isAll = outlets.length === outletsOf(member.outlet).length;
    if (isAll && member.isLocal && holdsElsewhere(scene, member, ban)) {
      scene.core.putOut(member, parting, ban.reason);
    } else for (const outlet of outlets) outlet.expel(parting, ban.reason);
  }
}

/** Whether a ban applies to all connections of a member to other nodes, as far as these have reported them. */
function holdsElsewhere(scene: Scene, member: MemberState, ban: ServerBan): boolean {
  const { fold } = scene.directory;
  const holdsFor = scene.bans.judge(ban);
  const addresses = addressesElsewhere(scene, member);
  return addresses.every((address) => holdsFor(identityOf(whoFrom(scene, member, address), fold)));
}

/** Finds the members to whom a ban applies, whether it is set or not. */
function concernedBy(scene: Scene, ban: ServerBan): Concerned[] {
  const { fold } = scene.directory;
  const holdsFor = scene.bans.judge(ban);
  const concerned: Concerned[] = [];
  for (const member of scene.directory.members()) {
    const { who } = member;
    const all = outletsOf(member.outlet);
    // If the connection whose host others see has ended, that host counts for the remaining ones.
    const isLeft = !all.some((outlet) => addressOf(outlet) === who.address);
    const outlets = all.filter((outlet) => {
      const known = whoAt(scene, member, outlet) ?? who;
      const shown = isLeft ? { ...known, host: who.host } : known;
      return holdsFor(identityOf(known, fold)) || holdsFor(identityOf(shown, fold));
    });
    const isMeant = all.length === 0 ? holdsFor(identityOf(who, fold)) : outlets.length > 0;
    if (isMeant) concerned.push({ member, outlets });
  }
  return concerned;
}

/** Lifts a ban. @param by - null for the operator of the server itself */
export function liftBan(
  { bans, core }: Scene,
  by: Member | null,
  kind: BanKind,
  mask: string,
): Answer<BanLifted | Refused<'not-privileged' | 'no-such-ban'>> {
  if (by?.may('ban') === false) return refuse('not-privileged');
  const ban = bans.of(kind, mask);
  if (ban === null) return refuse('no-such-ban');
  const proposer = by === null ? core.steward : stateOf(by);
  const stamp = core.stamp(core.domain, proposer);
  const lifted = core.domain.propose<'unban'>(proposer, { kind: 'unban', type: kind, mask, ...stamp });
  return mapAnswer(lifted, () => ({ kind: 'ban-lifted', ban }) as const);
}
