/** Changes the settings of a room: each change is judged separately, and the accepted ones form one event. */
import type { Rank, SettingChange } from '../../log/entry.js';
import type { Member } from '../member.js';
import { stateOf } from '../member-state.js';
import type { Amended } from '../outcome.js';
import { refuse, type Refused } from '../refusal.js';
import type { Answer } from '../ticket.js';
import { knownTo, roomFor, type Scene } from './scene.js';

/** A change of a room's settings that somebody asks for; it names the member whose rank is to change. */
export type WantedChange =
  | Exclude<SettingChange, { readonly kind: 'rank' }>
  | { readonly kind: 'rank'; readonly on: boolean; readonly rank: Rank; readonly nick: string };

/** The limits of one change of settings. */
export interface AmendLimits {
  /** The most masks that the room's lists hold together. */
  readonly maxMasks: number;
  /** The most changes to anything but a flag; further ones are left out. */
  readonly maxValues: number;
}

/** Changes the settings of a room. */
export function amend(
  scene: Scene,
  who: Member,
  name: string,
  wanted: readonly WantedChange[],
  limits: AmendLimits,
): Answer<Amended | Refused<'no-such-room'>> {
  const { core, directory } = scene;
  const by = stateOf(who);
  const replica = roomFor(scene, by, name);
  if (replica === undefined) return refuse('no-such-room');
  const changes = wanted.map((change): SettingChange => {
    if (change.kind !== 'rank') return change;
    const { kind, on, rank, nick } = change;
    return { kind, on, rank, target: directory.anyone(nick)?.session ?? null };
  });
  const known = knownTo(replica.fold, by);
  const stamp = core.stamp(replica, by);
  return replica.propose<'settings'>(by, { kind: 'settings', who: known, changes, ...limits, ...stamp });
}
