/** Another nick for a client that has registered, whatever has asked for it. */
import type { Client } from './client.js';
import { outcomeOf, type Paged } from './outcome.js';
import { replyNotTaken, replyReserved } from './refusals.js';

/** Gives a client another nick, and answers. */
export function* rename(client: Client, wanted: string): Paged {
  const renamed = yield* outcomeOf(client.server.chat.rename(client.member, wanted));
  if (renamed.kind === 'renamed') client.echo(renamed);
  else if (renamed.why === 'nick-taken') client.reply('ERR_NICKNAMEINUSE', wanted);
  else if (renamed.why === 'nick-reserved') replyReserved(client, wanted);
  else if (renamed.why === 'not-taken') replyNotTaken(client, 'NICK', wanted);
  else client.reply('ERR_BANNICKCHANGE', wanted, renamed.room?.name ?? '*');
}
