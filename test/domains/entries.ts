/** Parts of entries and rooms that domains send to each other. */
import { expect } from 'vitest';
import { foldCase as fold } from '../../src/chat/case-mapping.js';
import { RoomState } from '../../src/chat/room-state.js';
import type { RoomSnapshot } from '../../src/chat/snapshot.js';
import type { Who } from '../../src/log/entry.js';

export const stamp = { session: 'a.1.1', n: 1, atMs: 1, seen: 0, base: 0 };
export const words = { type: 'message', tags: [], isDivisible: true, ranks: 0, who: null } as const;

/** Returns what is known of a person eve. */
export function eve(nick = 'eve'): Who {
  return {
    nick,
    user: 'eve',
    host: '192.0.2.1',
    address: '192.0.2.1',
    realName: 'eve',
    account: null,
    privileges: null,
  };
}

/** Returns a room that nobody is in. */
export function emptyRoom(): RoomSnapshot {
  const cast = (): never => expect.fail('nobody');
  return new RoomState({ name: '#tea', id: 'x', fold, cast, permanentSinceMs: null }).snapshot();
}
