/** KNOCK: asks those who may invite for an invitation (numerics and limits as in Solanum and Unreal). */
import type { Client } from '../client.js';
import type { Message } from '../message.js';
import { outcomeOf, type Paged } from '../outcome.js';
import { replyNotTaken } from '../refusals.js';

/** KNOCK. A text after the channel means nothing: 710 has no place for it. */
export function* knock(client: Client, message: Message): Paged {
  const [name = ''] = message.params;
  const knocked = yield* outcomeOf(
    client.server.chat.knock(client.member, name),
    client.afterAll((late) => {
      if (late.kind === 'knocked') client.reply('RPL_KNOCKDLVR', late.room.name);
    }),
  );
  if (knocked.kind === 'knocked') {
    client.reply('RPL_KNOCKDLVR', knocked.room.name);
    return;
  }
  const channel = knocked.room?.name ?? name;
  switch (knocked.why) {
    case 'no-such-room':
      client.reply('ERR_NOSUCHCHANNEL', channel);
      return;
    case 'already-inside':
      client.reply('ERR_KNOCKONCHAN', channel);
      return;
    case 'open':
      client.reply('ERR_CHANOPEN', channel);
      return;
    case 'banned':
      client.reply('ERR_CANNOTKNOCK', channel, `Cannot knock on ${channel} (you are banned)`);
      return;
    case 'knocked-lately':
      client.reply('ERR_TOOMANYKNOCK', channel, 'Too many KNOCKs (user).');
      return;
    case 'too-many-knocks':
      client.reply('ERR_TOOMANYKNOCK', channel, 'Too many KNOCKs (channel).');
      return;
    case 'not-taken':
      replyNotTaken(client, 'KNOCK', name);
  }
}
