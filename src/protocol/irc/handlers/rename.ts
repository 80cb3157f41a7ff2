/** RENAME: gives a channel another name (IRCv3 channel-rename). */
import type { Client } from '../client.js';
import { reasonBytes } from '../isupport.js';
import type { Message } from '../message.js';
import { isChannelLike, isChannelName } from '../names.js';
import { outcomeOf, type Paged } from '../outcome.js';
import { replyNotTaken, ROOM_REFUSALS } from '../refusals.js';
import { reenter } from '../room-replies.js';
import { cutToBytes } from '../text-length.js';

/** RENAME. */
export function* rename(client: Client, message: Message): Paged {
  const [from = '', to = '', reason = ''] = message.params;
  const { chat, directory, settings } = client.server;
  const room = directory.visibleRoom(client.member, from);
  if (room === undefined) {
    client.reply('ERR_NOSUCHCHANNEL', from);
    return;
  }
  const fail = (code: string, text: string): void => client.fail('RENAME', code, [room.name, to], text);
  if (!isChannelLike(to)) {
    fail('CANNOT_RENAME', 'You cannot change a channel prefix type');
    return;
  }
  if (!isChannelName(to) || Buffer.byteLength(to, 'utf8') > settings.channelLength) {
    fail('CANNOT_RENAME', 'This cannot be the name of a channel');
    return;
  }
  const words = cutToBytes(reason, reasonBytes(settings));
  const renamed = yield* outcomeOf(chat.retitle(client.member, from, to, words));
  if (renamed.kind === 'retitled') {
    if (client.has('draft/channel-rename')) client.echo(renamed);
    else reenter(client, renamed);
    return;
  }
  switch (renamed.why) {
    case 'no-such-room':
    case 'not-inside':
    case 'not-allowed':
      client.reply(ROOM_REFUSALS[renamed.why], room.name);
      return;
    case 'name-taken':
      fail('CHANNEL_NAME_IN_USE', 'The channel name is already taken');
      return;
    case 'permanent':
      fail('CANNOT_RENAME', 'The configuration of the server names this channel');
      return;
    case 'shared':
      fail('CANNOT_RENAME', 'Channels keep their names where several domains share them');
      return;
    case 'too-large':
      fail('CANNOT_RENAME', 'This channel has too many members');
      return;
    case 'renamed-lately':
      fail('CANNOT_RENAME', 'This channel has been renamed recently');
      return;
    case 'not-taken':
      replyNotTaken(client, 'RENAME', room.name, to);
  }
}
