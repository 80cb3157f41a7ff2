/** The lines for a client that has registered, or asks for them again: limits, people, the message of the day. */
import type { Client } from './client.js';
import { isupportLines } from './isupport.js';
import { knowsMetadata, sendAllOf, subjectOf } from './metadata.js';
import { CHANNEL_MODE_LETTERS, CHANNEL_MODE_LETTERS_WITH_PARAMETER, USER_MODE_LETTERS } from './modes.js';
import { sourceOf } from './source.js';

/** Answers the end of registration (modern, "Client-Server Handshake"). */
export function sendWelcome(client: Client): void {
  const { server, member } = client;
  const { networkName } = server.settings;
  const versionWord = `fdmux-${server.version}`;
  client.reply('RPL_WELCOME', `Welcome to the ${networkName} Network, ${sourceOf(member)}`);
  client.reply('RPL_YOURHOST', `Your host is ${server.name}, running version ${versionWord}`);
  client.reply('RPL_CREATED', `This server was created ${new Date(server.startedMs).toUTCString()}`);
  client.reply(
    'RPL_MYINFO',
    server.name,
    versionWord,
    USER_MODE_LETTERS,
    CHANNEL_MODE_LETTERS,
    CHANNEL_MODE_LETTERS_WITH_PARAMETER,
  );
  sendIsupport(client);
  sendLusers(client);
  if (knowsMetadata(client)) sendAllOf(client, subjectOf(member));
  sendMotd(client);
  if (member.host !== member.address) client.reply('RPL_HOSTHIDDEN', member.host);
}

/** RPL_ISUPPORT. */
export function sendIsupport(client: Client): void {
  const tokens = client.server.isupport(client.isUtf8Only, client.limits.maxRooms);
  for (const line of isupportLines(tokens)) client.reply('RPL_ISUPPORT', ...line);
}

/** How many are here. */
export function sendLusers(client: Client): void {
  const { directory, unregisteredCount } = client.server;
  const total = directory.memberCount;
  const invisible = directory.invisibleCount;
  client.reply('RPL_LUSERCLIENT', `There are ${total - invisible} users and ${invisible} invisible on 1 servers`);
  client.reply('RPL_LUSEROP', String(directory.operatorCount));
  client.reply('RPL_LUSERUNKNOWN', String(unregisteredCount));
  client.reply('RPL_LUSERCHANNELS', String(directory.occupiedRoomCount));
  client.reply('RPL_LUSERME', `I have ${total} clients and 1 servers`);
  const peak = String(directory.peakMemberCount);
  client.reply('RPL_LOCALUSERS', String(total), peak, `Current local users ${total}, max ${peak}`);
  client.reply('RPL_GLOBALUSERS', String(total), peak, `Current global users ${total}, max ${peak}`);
}

/** The message of the day. */
export function sendMotd(client: Client): void {
  const lines = client.server.settings.motd;
  if (lines.length === 0) {
    client.reply('ERR_NOMOTD');
    return;
  }
  client.reply('RPL_MOTDSTART', `- ${client.server.name} Message of the day - `);
  for (const line of lines) client.reply('RPL_MOTD', `- ${line}`);
  client.reply('RPL_ENDOFMOTD');
}
