/** Clients that are logged in to one account, by which they may share one member. */
import type { AccountFacts } from '../../accounts/account-service.js';
import type { Device } from '../account-door.js';
import { type Conversation, pastOfPeople } from '../past.js';
import type { Client } from './client.js';
import { outcomeOf, type Paged, resultOf } from './outcome.js';
import { pastOf, sendPage } from './past-pages.js';
import { sendNames, sendTopic } from './room-replies.js';
import { sendWelcome } from './welcome.js';

/** The setting of an account whose member stays when nobody is connected. */
export const ALWAYS_ON = 'always-on';
/** The setting of an account whose nick is not kept for it: `none`. */
export const ENFORCE = 'enforce';

/**
 * Welcomes a client that goes on as a member that is here already: it is in that one's channels.
 *
 * @param absentSinceMs - since when nobody was connected for it, in milliseconds since the epoch; null if somebody was
 */
export function* welcomeToMember(client: Client, absentSinceMs: number | null): Paged {
  const { member, server } = client;
  client.registered();
  sendWelcome(client);
  for (const { room } of [...member.seats]) {
    if (room.seatOf(member) === undefined) continue;
    client.echo({ kind: 'joined', atMs: server.directory.now(), member, room, id: '' });
    sendTopic(client, room);
    yield* sendNames(client, room);
    if (absentSinceMs !== null) yield* sendMissed(client, room.name, pastOf(client, room.name), absentSinceMs);
  }
  const people = pastOfPeople(server.chat, member, null, false);
  if (absentSinceMs !== null) yield* sendMissed(client, member.nick, people, absentSinceMs);
}

/** Sends what was said while nobody was connected, if the client cannot ask for it. */
function* sendMissed(client: Client, target: string, past: Conversation | null, sinceMs: number): Paged {
  if (past === null || client.has('draft/chathistory')) return;
  const { history, settings } = client.server;
  const after = { kind: 'time', atMs: sinceMs } as const;
  const range = { kind: 'between', after, before: null, end: 'newest' } as const;
  const page = yield* resultOf(history.lines({ ...past, range, limit: settings.history.pageLines }));
  if (page.kind === 'lines' && page.lines.length > 0) yield* sendPage(client, target, page.lines);
}

/** Lets a member stay when nobody is connected for it, if its account says so. */
export function* applySettings(client: Client, { settings }: Pick<AccountFacts, 'settings'>): Paged {
  const isWanted = settings[ALWAYS_ON] === 'true';
  if (isWanted === client.member.traits.has('always-on')) return;
  yield* outcomeOf(client.server.chat.setTrait(client.member, 'always-on', isWanted));
}

/** Returns the other connections of this process that are logged in to the account of one, the oldest first. */
export function otherDevices(client: Client): Device[] {
  const { account, server } = client;
  if (account === null) return [];
  const { fold } = server.directory;
  const folded = fold(account);
  return [...server.clients, ...server.others].filter(
    (other) => other !== client && other.account !== null && fold(other.account) === folded,
  );
}

/** Logs out another client of an account. One that shares its member cannot remain as a guest: it is put out. */
export function logOutDevice(by: Client, other: Device): void {
  const { id } = other.connection;
  by.log('client logged out by another', { account: by.account, other: id });
  if (by.server.chat.isShared(other.member)) other.close('Logged out by another client');
  else other.loseAccount();
}
