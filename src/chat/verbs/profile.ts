/** What a member changes about itself, and its rights. */
import type { EventOf } from '../event.js';
import type { Member, Trait } from '../member.js';
import { stateOf } from '../member-state.js';
import { mayManage, silencingRoom } from '../permissions.js';
import { refuse, type Refused } from '../refusal.js';
import type { Scene } from './scene.js';

/** Marks a member as away, or as back. @param reason - null when it is back. @returns null when nothing has changed */
export function setAway(scene: Scene, who: Member, reason: string | null): EventOf<'away'> | null {
  const member = stateOf(who);
  // Clients say they are back, or away as before, by themselves every now and then: no news to anybody.
  if (member.away === reason) return null;
  member.away = reason;
  const event = { kind: 'away', atMs: scene.directory.now(), member } as const;
  scene.publisher.publish(event);
  return event;
}

/** Gives a member another real name. */
export function setRealName(scene: Scene, who: Member, name: string): EventOf<'realname'> | Refused<'silenced'> {
  const member = stateOf(who);
  const silencing = silencingRoom(member);
  if (silencing !== null) return refuse('silenced', silencing);
  member.realName = name;
  const event = { kind: 'realname', atMs: scene.directory.now(), member } as const;
  scene.publisher.publish(event);
  return event;
}

/** Shows others another host in place of the one that a member came from. */
export function setHost(scene: Scene, who: Member, host: string): EventOf<'host'> {
  const member = stateOf(who);
  const before = member.host;
  member.host = host;
  const event = { kind: 'host', atMs: scene.directory.now(), member, before } as const;
  scene.publisher.publish(event);
  return event;
}

/** Switches a trait of a member. @returns whether that changes it */
export function setTrait({ directory }: Scene, who: Member, trait: Trait, on: boolean): boolean {
  const member = stateOf(who);
  if (member.traits.has(trait) === on) return false;
  const traits = new Set(member.traits);
  if (on) traits.add(trait);
  else traits.delete(trait);
  directory.recount(member, () => {
    member.traits = traits;
  });
  return true;
}

/** Gives a member an operator's rights, or takes them. @returns whether that changes it */
export function setOperator({ directory }: Scene, who: Member, on: boolean): boolean {
  const member = stateOf(who);
  if (member.isOperator === on) return false;
  directory.recount(member, () => {
    member.isOperator = on;
  });
  for (const { room } of member.seats) if (!mayManage(member, room)) room.disarmInvitationsBy(member);
  return true;
}
