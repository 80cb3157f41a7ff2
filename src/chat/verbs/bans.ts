/** Keeping people out of the server. */
import type { Member } from '../member.js';
import { stateOf } from '../member-state.js';
import { refuse, type Refused } from '../refusal.js';
import type { BanKind, ServerBan } from '../server-bans.js';
import type { Scene } from './scene.js';

/** A ban that has been set, and how many members it has put out. */
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

/**
 * Sets a ban, and puts out those for whom it holds.
 *
 * @param by - null for the one who runs the server
 * @param parting - the reason that the others get for those who are removed
 */
export function setBan(
  { core, directory, bans }: Scene,
  by: Member | null,
  ban: ServerBan,
  parting: string,
): BanSet | Refused<'not-privileged' | 'holds-for-oneself' | 'too-many-bans'> {
  if (by?.may('ban') === false) return refuse('not-privileged');
  const concerned = bans.among(ban, directory.members());
  if (by !== null && concerned.includes(by)) return refuse('holds-for-oneself');
  if (!bans.add(ban)) return refuse('too-many-bans');
  for (const member of concerned) core.putOut(stateOf(member), parting, ban.reason);
  return { kind: 'ban-set', ban, expelledCount: concerned.length };
}

/** Lifts a ban. @param by - null for the one who runs the server */
export function liftBan(
  { bans }: Scene,
  by: Member | null,
  kind: BanKind,
  mask: string,
): BanLifted | Refused<'not-privileged' | 'no-such-ban'> {
  if (by?.may('ban') === false) return refuse('not-privileged');
  const ban = bans.remove(kind, mask);
  return ban === null ? refuse('no-such-ban') : { kind: 'ban-lifted', ban };
}
