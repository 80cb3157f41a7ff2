/** Arrival in the chat and departure from it, by one's own will or another's. */
import type { EventOf } from '../event.js';
import type { Introduction, Member } from '../member.js';
import { stateOf } from '../member-state.js';
import type { Arrived } from '../outcome.js';
import { silencingRoom } from '../permissions.js';
import { refuse, type Refused } from '../refusal.js';
import type { ServerBan } from '../server-bans.js';
import { identityOf } from '../subject.js';
import type { Answer } from '../ticket.js';
import type { Scene } from './scene.js';

/** The outcome of an admission if the server keeps the member out. */
export interface KeptOut {
  readonly kind: 'refused';
  readonly why: 'banned';
  readonly ban: ServerBan;
}

/** Lets somebody in under the names that it gives itself. If its nick is taken, it may try another one. */
export function admit(
  { core, directory, bans }: Scene,
  who: Member,
  names: Introduction,
): Answer<Arrived | KeptOut | Refused<'nick-taken' | 'nick-reserved'>> {
  const member = stateOf(who);
  const { nick, user, realName, account = null } = names;
  const known = { ...member.who, nick, user, realName, account };
  const ban = bans.find(identityOf(known, directory.fold));
  if (ban === null) return core.arrive(member, known);
  // The refusal uses the name that it has given itself.
  member.who = known;
  return { kind: 'refused', why: 'banned', ban };
}

/** Gives a member another nick. */
export function rename(
  { core }: Scene,
  who: Member,
  nick: string,
): Answer<EventOf<'renamed'> | Refused<'silenced' | 'nick-taken' | 'nick-reserved'>> {
  const member = stateOf(who);
  // Everybody in its rooms reads the nick, so a change of it would be a way to speak.
  const silencing = silencingRoom(member);
  if (silencing !== null) return refuse('silenced', silencing);
  return core.domain.propose<'nick'>(member, { kind: 'nick', nick, ...core.stamp(core.domain, member) });
}

/** Removes a member from all rooms and from the chat. @returns null if it was not in the chat */
export function quit({ core }: Scene, who: Member, reason: string): Answer<EventOf<'quit'>> | null {
  const member = stateOf(who);
  return core.isKnown(member) ? core.quit(member, reason) : null;
}

/**
 * Removes somebody from the chat.
 *
 * @param reason - the reason that it gets
 * @param parting - the reason that the others get
 */
export function expel(
  { core, directory }: Scene,
  who: Member,
  nick: string,
  { reason, parting }: { readonly reason: string; readonly parting: string },
): Answer<EventOf<'expelled'> | Refused<'not-privileged' | 'no-such-member'>> {
  const by = stateOf(who);
  if (!by.may('kill')) return refuse('not-privileged');
  const target = directory.member(nick)?.session;
  if (target === undefined) return refuse('no-such-member');
  const stamp = core.stamp(core.domain, by);
  return core.domain.propose<'expel'>(by, { kind: 'expel', target, reason, parting, ...stamp });
}

/**
 * Removes somebody from the chat, on behalf of the server's operator.
 *
 * @param parting - the reason that everybody gets
 * @returns null if nobody has the nick
 */
export function putOut({ core, directory }: Scene, nick: string, parting: string): Member | null {
  const found = directory.member(nick);
  if (found === undefined) return null;
  const member = stateOf(found);
  if (member.isLocal) {
    core.putOut(member, parting);
    return member;
  }
  const { domain, steward } = core;
  const stamp = core.stamp(domain, steward);
  domain.oblige<'evict'>(steward, { kind: 'evict', target: member.session, parting, ...stamp });
  return member;
}
