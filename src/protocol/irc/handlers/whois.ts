/** WHOIS and WHOWAS (modern, "User-Based Queries"). */
import { homeOf } from '../../../chat/abroad.js';
import type { Member } from '../../../chat/member.js';
import { isVisible } from '../../../chat/permissions.js';
import type { Client } from '../client.js';
import { countOf } from '../count.js';
import type { Message } from '../message.js';
import { knowsMetadata } from '../metadata.js';
import { rankSigns } from '../modes.js';
import type { Paged } from '../outcome.js';
import { seconds } from '../times.js';

/** WHOIS: `[server] nick`. */
export function* whois(client: Client, message: Message): Paged {
  const { params } = message;
  const targets = (params.length > 1 ? params[1] : params[0]) ?? '';
  // One target only (TARGMAX): a list would reveal strangers wholesale.
  const nick = targets.split(',', 1)[0] ?? '';
  if (nick === '') {
    client.reply('ERR_NONICKNAMEGIVEN');
    return;
  }
  const member = client.server.directory.anyone(nick);
  if (member === undefined) client.reply('ERR_NOSUCHNICK', nick);
  else yield* describe(client, member);
  // The end repeats the request, dropped targets and all (modern, "RPL_ENDOFWHOIS").
  client.reply('RPL_ENDOFWHOIS', targets);
}

function* describe(client: Client, member: Member): Paged {
  const { server, member: viewer } = client;
  const { nick } = member;
  client.reply('RPL_WHOISUSER', nick, member.user, member.host, '*', member.realName);
  yield* client.replyWordsAtLength('RPL_WHOISCHANNELS', [nick], channelWords(client, member));
  const home = homeOf(member.session);
  if (home === null) client.reply('RPL_WHOISSERVER', nick, server.name, server.settings.description);
  else client.reply('RPL_WHOISSERVER', nick, home, 'Another domain');
  if (member.isOperator) client.reply('RPL_WHOISOPERATOR', nick);
  const { isSecure, certificate } = server.chat.securityOf(member);
  if (isSecure) client.reply('RPL_WHOISSECURE', nick);
  const mayKnowAddress = viewer === member || viewer.may('see-hosts');
  // Anybody who sees a fingerprint could recognize the same person on other connections.
  if (certificate !== null && mayKnowAddress) {
    client.reply('RPL_WHOISCERTFP', nick, `has client certificate fingerprint ${certificate}`);
  }
  if (member.traits.has('bot')) client.reply('RPL_WHOISBOT', nick);
  if (member.account !== null) client.reply('RPL_WHOISACCOUNT', nick, member.account);
  if (member.account !== null && server.directory.fold(member.account) === server.directory.fold(nick)) {
    client.reply('RPL_WHOISREGNICK', nick);
  }
  const isNamedByLabel = member.label !== nick;
  if (mayKnowAddress && (!isNamedByLabel || member.host !== member.address)) {
    for (const address of server.chat.addressesOf(member)) {
      client.reply('RPL_WHOISACTUALLY', nick, `${member.user}@${address}`, address);
    }
  } else if (isNamedByLabel) {
    client.reply('RPL_WHOISACTUALLY', nick, member.label);
  }
  if (knowsMetadata(client)) {
    for (const [key, value] of member.metadata) client.reply('RPL_WHOISKEYVALUE', nick, key, '*', value);
  }
  if (member.away !== null) client.reply('RPL_AWAY', nick, member.away);
  // Only their own domain knows when people of other ones have come, and what they do elsewhere.
  if (home !== null) return;
  const idleSeconds = Math.max(0, Math.floor((server.directory.now() - member.lastSpokeMs) / 1000));
  client.reply('RPL_WHOISIDLE', nick, String(idleSeconds), seconds(member.sinceMs));
}

function* channelWords(client: Client, member: Member): Generator<string | null> {
  const { member: viewer } = client;
  // A copy, since the member joins and leaves rooms while the answer waits for its reader.
  for (const { room, ranks } of [...member.seats]) {
    const isShared = room.seatOf(viewer) !== undefined;
    const mayKnow = viewer === member || isShared || viewer.may('see-hidden') || !member.traits.has('invisible');
    const isShown = mayKnow && isVisible(viewer, room);
    yield isShown ? rankSigns(ranks, client.has('multi-prefix')) + room.name : null;
  }
}

/** WHOWAS: `nick [count]`. */
export function whowas(client: Client, message: Message): void {
  const [nick = '', count = ''] = message.params;
  const { server } = client;
  if (nick === '') {
    client.reply('ERR_NONICKNAMEGIVEN');
    return;
  }
  const all = server.directory.departuresOf(nick);
  // Zero or less means all (RFC 2812 section 3.6.3).
  const limit = countOf(count) ?? all.length;
  if (all.length === 0) client.reply('ERR_WASNOSUCHNICK', nick);
  for (const departure of all.slice(0, limit)) {
    client.reply('RPL_WHOWASUSER', departure.nick, departure.user, departure.host, '*', departure.realName);
    client.reply('RPL_WHOISSERVER', departure.nick, server.name, new Date(departure.atMs).toUTCString());
  }
  client.reply('RPL_ENDOFWHOWAS', nick);
}
