/** Arriving in the chat and leaving it, by one's own will or another's. */
import type { EventOf } from '../event.js';
import type { Introduction, Member } from '../member.js';
import { stateOf } from '../member-state.js';
import { silencingRoom } from '../permissions.js';
import { refuse, type Refused } from '../refusal.js';
import type { ServerBan } from '../server-bans.js';
import type { Scene } from './scene.js';

/** How an admission ends when the server keeps the member out. */
export interface KeptOut {
  readonly kind: 'refused';
  readonly why: 'banned';
  readonly ban: ServerBan;
}

/**
 * Lets somebody in under the names that it gives itself. One that a ban keeps out has these names too; one whose nick
 * is taken has none, and may try another.
 *
 * @returns null when it is in
 */
export function admit(scene: Scene, who: Member, names: Introduction): KeptOut | Refused<'nick-taken'> | null {
  const member = stateOf(who);
  member.nick = names.nick;
  member.user = names.user;
  member.realName = names.realName;
  const ban = scene.bans.find(member.identity(scene.directory.fold));
  if (ban !== null) return { kind: 'refused', why: 'banned', ban };
  if (scene.directory.add(member)) return null;
  member.nick = '';
  return refuse('nick-taken');
}

/** Gives a member another nick. */
export function rename(
  scene: Scene,
  who: Member,
  nick: string,
): EventOf<'renamed'> | Refused<'silenced' | 'nick-taken'> {
  const { directory, publisher } = scene;
  const member = stateOf(who);
  // Everybody in its rooms reads the nick, so it would be a way to speak.
  const silencing = silencingRoom(member);
  if (silencing !== null) return refuse('silenced', silencing);
  const owner = directory.member(nick);
  if (owner !== undefined && owner !== member) return refuse('nick-taken');
  const before = member.nick;
  if (owner === member) member.nick = nick;
  else directory.rename(member, nick);
  const event = { kind: 'renamed', atMs: directory.now(), member, before } as const;
  publisher.publish(event);
  if (owner !== member) directory.disappeared(before, member);
  return event;
}

/** Takes a member out of every room and out of the chat. @returns null when it was not in */
export function quit(scene: Scene, who: Member, reason: string): EventOf<'quit'> | null {
  const { directory, publisher } = scene;
  const member = stateOf(who);
  if (!directory.remove(member)) return null;
  const event = { kind: 'quit', atMs: directory.now(), member, reason } as const;
  publisher.publish(event);
  for (const { room } of [...member.seats]) {
    room.unseat(member);
    directory.closeIfEmpty(room);
  }
  for (const room of [...(member.invitations ?? [])]) room.withdrawInvitation(member);
  directory.disappeared(member.nick);
  return event;
}

/**
 * Puts somebody out of the chat.
 *
 * @param reason - the reason that it gets
 * @param parting - the reason that the others get
 */
export function expel(
  scene: Scene,
  by: Member,
  nick: string,
  { reason, parting }: { readonly reason: string; readonly parting: string },
): EventOf<'expelled'> | Refused<'not-operator' | 'no-such-member'> {
  if (!by.isOperator) return refuse('not-operator');
  const member = scene.directory.member(nick);
  if (member === undefined) return refuse('no-such-member');
  const event = { kind: 'expelled', atMs: scene.directory.now(), by, member, reason } as const;
  scene.publisher.publish(event);
  member.outlet.expel(parting);
  return event;
}
