/** LIST with the conditions of ELIST (modern, "LIST message"). */
import { matchesMask } from '../../../chat/mask.js';
import { isVisible } from '../../../chat/permissions.js';
import type { Room } from '../../../chat/room.js';
import type { Client } from '../client.js';
import { distinct } from '../distinct.js';
import type { Message } from '../message.js';
import type { Paged } from '../outcome.js';
import type { IrcState } from '../shared-state.js';
import { MS_PER_MINUTE } from '../times.js';

type Condition = (room: Room) => boolean;

/** LIST. */
export function* list(client: Client, message: Message): Paged {
  const { server, member } = client;
  const { directory } = server;
  const words = distinct(wordsOf(message, server), directory.fold);
  const names = words.filter((word) => /^#[^*?]*$/.test(word));
  const conditions = words.filter((word) => !/^#[^*?]*$/.test(word)).map((word) => condition(client, word));
  client.reply('RPL_LISTSTART', 'Channel');
  const rooms = names.length > 0 ? names.map((name) => directory.room(name)) : directory.rooms();
  for (const room of rooms) {
    // A permanent room may be empty; in IRC, a channel without members does not exist.
    yield;
    if (room === undefined || room.size === 0 || !isVisible(member, room)) continue;
    if (yield* fits(room, conditions)) client.reply('RPL_LIST', room.name, String(room.size), room.topic?.text ?? '');
  }
  client.reply('RPL_LISTEND');
}

/** Each condition is a step of its own: a client may send many, and each may be expensive. */
function* fits(room: Room, conditions: readonly Condition[]): Generator<undefined, boolean> {
  for (const holds of conditions) {
    if (!holds(room)) return false;
    yield;
  }
  return true;
}

/**
 * Returns channels and conditions, which may be in one list or in two (modern, "LIST message"). In RFC 2812 (section
 * 3.2.6) the second parameter is a server; this is the only one.
 */
function wordsOf(message: Message, server: IrcState): string[] {
  const [first = '', second = ''] = message.params;
  const isServer = second === server.name;
  return `${first},${isServer ? '' : second}`.split(',').filter((word) => word !== '');
}

/**
 * One condition: `<n` and `>n` members, `C<n` and `C>n` minutes of age, `T<n` and `T>n` since the topic, a mask,
 * `!mask`.
 */
function condition(client: Client, word: string): Condition {
  const { directory } = client.server;
  const [, what = '', operator = '', digits = ''] = /^([CT]?)([<>])(\d{1,9})$/i.exec(word) ?? [];
  if (operator !== '') {
    const limit = Number(digits);
    const isLess = operator === '<';
    const holds = (value: number): boolean => (isLess ? value < limit : value > limit);
    const minutesSince = (atMs: number): number => (directory.now() - atMs) / MS_PER_MINUTE;
    switch (what.toUpperCase()) {
      case 'C':
        return (room) => holds(minutesSince(room.createdAtMs));
      case 'T':
        return (room) => room.topic !== null && holds(minutesSince(room.topic.atMs));
      default:
        return (room) => holds(room.size);
    }
  }
  const isNegated = word.startsWith('!');
  const mask = directory.fold(isNegated ? word.slice(1) : word);
  return (room) => matchesMask(mask, directory.fold(room.name)) !== isNegated;
}
