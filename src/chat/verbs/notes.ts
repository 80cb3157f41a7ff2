/** The notes that somebody makes about itself, or about a room. */
import type { DomainOutcomes } from '../domain-deeds.js';
import type { Member } from '../member.js';
import { stateOf } from '../member-state.js';
import type { Note } from '../notes.js';
import { silencingRoom } from '../permissions.js';
import { refuse, type Refused } from '../refusal.js';
import type { RoomOutcomes } from '../room-deeds.js';
import type { Answer } from '../ticket.js';
import { knownTo, roomFor, type Scene } from './scene.js';

/** Changes a note of a member. @returns null if the note was the same before */
export function annotateSelf(
  { core }: Scene,
  who: Member,
  { key, value, maxKeys }: Note,
): Answer<DomainOutcomes['describe'] | Refused<'silenced'>> {
  const member = stateOf(who);
  const silencing = silencingRoom(member);
  if (silencing !== null) return refuse('silenced', silencing);
  const stamp = core.stamp(core.domain, member);
  return core.domain.propose<'describe'>(member, { kind: 'describe', key, value, maxKeys, ...stamp });
}

/** Changes a note of a room. @returns null if the note was the same before */
export function annotateRoom(
  scene: Scene,
  who: Member,
  name: string,
  { key, value, maxKeys }: Note,
): Answer<RoomOutcomes['annotate'] | Refused<'no-such-room'>> {
  const by = stateOf(who);
  const replica = roomFor(scene, by, name);
  if (replica === undefined) return refuse('no-such-room');
  const known = knownTo(replica.fold, by);
  const stamp = scene.core.stamp(replica, by);
  return replica.propose<'annotate'>(by, { kind: 'annotate', who: known, key, value, maxKeys, ...stamp });
}
