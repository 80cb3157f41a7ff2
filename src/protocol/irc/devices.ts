/** Clients that share one member, since they have logged in to one account. */
import type { AccountFacts } from '../../accounts/account-service.js';
import type { Client } from './client.js';
import { outcomeOf, type Paged } from './outcome.js';
import { sendNames, sendTopic } from './room-replies.js';
import { sendWelcome } from './welcome.js';

/** The setting of an account whose member stays when nobody is connected. */
export const ALWAYS_ON = 'always-on';
/** The setting of an account whose nick is not kept for it: `none`. */
export const ENFORCE = 'enforce';

/** Welcomes a client that goes on as a member that is here already: it is in that one's channels. */
export function* welcomeToMember(client: Client): Paged {
  const { member, server } = client;
  client.registered();
  sendWelcome(client);
  for (const { room } of [...member.seats]) {
    if (room.seatOf(member) === undefined) continue;
    client.echo({ kind: 'joined', atMs: server.directory.now(), member, room, id: '' });
    sendTopic(client, room);
    yield* sendNames(client, room);
  }
}

/** Lets a member stay when nobody is connected for it, if its account says so. */
export function* applySettings(client: Client, { settings }: Pick<AccountFacts, 'settings'>): Paged {
  const isWanted = settings[ALWAYS_ON] === 'true';
  if (isWanted === client.member.traits.has('always-on')) return;
  yield* outcomeOf(client.server.chat.setTrait(client.member, 'always-on', isWanted));
}
