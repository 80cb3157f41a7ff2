/** Changing the settings of a room: each change is judged by itself, and those that hold are one event. */
import { authorOf } from '../author.js';
import type { DirectoryState } from '../directory-state.js';
import type { EventOf, RoomChange } from '../event.js';
import type { Member } from '../member.js';
import { mayChange } from '../permissions.js';
import { refuse, type Refused } from '../refusal.js';
import type { Rank, Room } from '../room.js';
import type { RoomState } from '../room-state.js';
import type { Scene } from './scene.js';

/** A change of a room's settings that somebody asks for; it names the member whose rank is to change. */
export type WantedChange =
  | Exclude<RoomChange, { readonly kind: 'rank' }>
  | { readonly kind: 'rank'; readonly on: boolean; readonly rank: Rank; readonly nick: string };

/** Why a change was not made. */
export type ChangeRefusal = 'not-allowed' | 'no-such-member' | 'target-not-inside' | 'list-full';

/** The changes that one member makes to one room at one time. */
export class Amendment {
  readonly #scene: Scene;
  readonly kind = 'amendment';
  /** The room that is changed. */
  readonly room: Room;
  readonly #by: Member;
  readonly #room: RoomState;
  readonly #maxMasks: number;
  readonly #made: RoomChange[] = [];

  /** @param maxMasks - the most masks that the room's lists hold together */
  constructor(scene: Scene, by: Member, room: RoomState, maxMasks: number) {
    this.#scene = scene;
    this.#by = by;
    this.room = room;
    this.#room = room;
    this.#maxMasks = maxMasks;
  }

  /** Makes one change. @returns why it was not made; null when it was, and when there is nothing to change */
  make(wanted: WantedChange): Refused<ChangeRefusal> | null {
    const room = this.#room;
    if (!mayChange(this.#by, room, wanted.kind === 'rank' ? wanted.rank : null)) return refuse('not-allowed', room);
    if (wanted.kind === 'mask' && wanted.on && this.#isFull()) return refuse('list-full', room);
    const change = wanted.kind === 'rank' ? changeOfRank(wanted, this.#scene.directory, room) : wanted;
    if (change.kind === 'refused') return change;
    if (room.apply(change, authorOf(this.#by), this.#scene.directory.now())) this.#made.push(change);
    return null;
  }

  /** Tells the room of everything that was changed. @returns null when nothing was */
  publish(): EventOf<'settings'> | null {
    if (this.#made.length === 0) return null;
    const atMs = this.#scene.directory.now();
    const event = { kind: 'settings', atMs, by: this.#by, room: this.#room, changes: this.#made } as const;
    this.#scene.publisher.publish(event);
    return event;
  }

  #isFull(): boolean {
    const { ban, exception, invitation } = this.#room.masks;
    return ban.length + exception.length + invitation.length >= this.#maxMasks;
  }
}

function changeOfRank(
  { on, rank, nick }: Extract<WantedChange, { readonly kind: 'rank' }>,
  directory: DirectoryState,
  room: RoomState,
): RoomChange | Refused<ChangeRefusal> {
  const member = directory.member(nick);
  if (member === undefined) return refuse('no-such-member');
  return room.seatOf(member) === undefined ? refuse('target-not-inside', room) : { kind: 'rank', on, rank, member };
}
