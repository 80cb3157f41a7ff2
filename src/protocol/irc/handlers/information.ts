/** VERSION, TIME, INFO, ADMIN, STATS, HELP, LINKS, USERS, MOTD, LUSERS (modern, "Server Queries and Commands"). */
import { matchesMask } from '../../../chat/mask.js';
import type { Privilege } from '../../../chat/member.js';
import { mayList } from '../../../chat/permissions.js';
import type { ServerBan } from '../../../chat/server-bans.js';
import type { Client } from '../client.js';
import { HELP_TOPICS } from '../help-topics.js';
import type { Message } from '../message.js';
import type { Paged } from '../outcome.js';
import { replyUnprivileged } from '../refusals.js';
import { formatDuration, MS_PER_MINUTE } from '../times.js';
import { sendIsupport, sendLusers, sendMotd } from '../welcome.js';

/**
 * Whether a query is for this server: by its name, a mask of it, or the nick of somebody on it. Answers if it is not.
 */
function isForUs(client: Client, target: string | undefined): boolean {
  const { server } = client;
  if (target === undefined || target === '') return true;
  const { directory } = server;
  if (matchesMask(directory.fold(target), directory.fold(server.name))) return true;
  if (directory.member(target) !== undefined) return true;
  client.reply('ERR_NOSUCHSERVER', target);
  return false;
}

/** VERSION. */
export function version(client: Client, message: Message): void {
  if (!isForUs(client, message.params[0])) return;
  const { server } = client;
  client.reply('RPL_VERSION', `fdmux-${server.version}`, server.name, server.settings.description);
  sendIsupport(client);
}

/** TIME. */
export function time(client: Client, message: Message): void {
  if (!isForUs(client, message.params[0])) return;
  client.reply('RPL_TIME', client.server.name, new Date(client.server.directory.now()).toString());
}

/** INFO. */
export function info(client: Client, message: Message): void {
  if (!isForUs(client, message.params[0])) return;
  const { server } = client;
  client.reply(
    'RPL_INFO',
    `fdmux ${server.version}: select, poll and epoll for Node.js, and a chat server on top of them`,
  );
  client.reply('RPL_INFO', `Running since ${new Date(server.startedMs).toUTCString()}`);
  client.reply('RPL_ENDOFINFO');
}

/** ADMIN. */
export function admin(client: Client, message: Message): void {
  if (!isForUs(client, message.params[0])) return;
  const { location, organization, email } = client.server.settings.admin;
  client.reply('RPL_ADMINME', client.server.name);
  client.reply('RPL_ADMINLOC1', location);
  client.reply('RPL_ADMINLOC2', organization);
  client.reply('RPL_ADMINEMAIL', email);
}

/** STATS d, k, l, m, o, p, u, y. */
export function* stats(client: Client, message: Message): Paged {
  const [query = '', target] = message.params;
  if (!isForUs(client, target)) return;
  const letter = query.slice(0, 1) === '' ? '*' : query.slice(0, 1);
  const privilege = PRIVILEGED_STATS.get(letter.toLowerCase());
  if (privilege !== undefined && !client.member.may(privilege)) replyUnprivileged(client, privilege);
  else yield* statsLines(client, letter.toLowerCase());
  client.reply('RPL_ENDOFSTATS', letter);
}

/** Queries that only some may make: where people connect from, who is banned, and with what limits. */
const PRIVILEGED_STATS: ReadonlyMap<string, Privilege> = new Map<string, Privilege>([
  ['d', 'ban'],
  ['k', 'ban'],
  ['l', 'stats'],
  ['o', 'stats'],
  ['y', 'stats'],
]);

function* statsLines(client: Client, letter: string): Paged {
  const { server } = client;
  switch (letter) {
    case 'm':
      for (const [command, count] of server.commandCounts) client.reply('RPL_STATSCOMMANDS', command, String(count));
      return;
    case 'u':
      client.reply('RPL_STATSUPTIME', `Server Up ${formatDuration(server.directory.now() - server.startedMs)}`);
      return;
    case 'l':
      // Of each connection, the server counts what waits for it, but neither lines nor bytes.
      for (const { protocol, host, port, pendingBytes } of server.control.connections()) {
        client.reply(
          'RPL_STATSLINKINFO',
          `${protocol}[${host}:${port}]`,
          String(pendingBytes),
          '0',
          '0',
          '0',
          '0',
          '0',
        );
        yield;
      }
      return;
    case 'p':
      yield* onlineOperators(client);
      return;
    case 'y':
      for (const { limits, connectionCount } of server.control.classes()) {
        const { name, pingIntervalMs, maxPerAddress, sendQueueBytes } = limits;
        const figures = [Math.ceil(pingIntervalMs / 1000), maxPerAddress, sendQueueBytes, connectionCount].map(String);
        client.reply('RPL_STATSYLINE', 'Y', name, ...figures);
      }
      return;
    case 'o':
      for (const { masks, name } of server.settings.operators) {
        for (const mask of masks) client.reply('RPL_STATSOLINE', 'O', mask, '*', name);
      }
      return;
    case 'k':
      for (const ban of server.bans.list('users')) {
        const [user = '*', host = '*'] = ban.mask.split('@', 2);
        client.reply('RPL_STATSKLINE', signOf(ban, 'K'), host, '*', user, reasonOf(client, ban));
        yield;
      }
      return;
    case 'd':
      for (const ban of server.bans.list('addresses')) {
        client.reply('RPL_STATSDLINE', signOf(ban, 'D'), ban.mask, reasonOf(client, ban));
        yield;
      }
  }
}

/** Yields those who can help: the operators that may be seen. */
function* onlineOperators(client: Client): Paged {
  const { directory } = client.server;
  let count = 0;
  for (const member of [...directory.members()]) {
    if (member.isOperator && mayList(client.member, member)) {
      const idleSeconds = Math.max(0, Math.floor((directory.now() - member.lastSpokeMs) / 1000));
      client.reply('RPL_STATSDEBUG', 'p', `${member.nick} (${member.user}@${member.host}) Idle: ${idleSeconds}`);
      count += 1;
    }
    yield;
  }
  client.reply('RPL_STATSDEBUG', 'p', `${count} operator(s)`);
}

/** A lower-case letter marks a ban that ends. */
function signOf(ban: ServerBan, letter: string): string {
  return ban.untilMs === null ? letter : letter.toLowerCase();
}

function reasonOf(client: Client, { reason, untilMs, by }: ServerBan): string {
  const left =
    untilMs === null ? '' : `, ${Math.ceil((untilMs - client.server.directory.now()) / MS_PER_MINUTE)} min. left`;
  return `${reason} (by ${by}${left})`;
}

/** HELP. */
export function help(client: Client, message: Message): void {
  const subject = message.params[0] ?? '*';
  const lines = HELP_TOPICS.get(subject === '*' ? '*' : subject.toUpperCase());
  if (lines === undefined) {
    client.reply('ERR_HELPNOTFOUND', subject);
    return;
  }
  const [first = '', ...rest] = lines;
  client.reply('RPL_HELPSTART', subject, first);
  client.reply('RPL_HELPTXT', subject, '');
  for (const line of rest) client.reply('RPL_HELPTXT', subject, line);
  client.reply('RPL_ENDOFHELP', subject, 'End of /HELP');
}

/** LINKS: there is only one server. */
export function links(client: Client): void {
  const { name, settings } = client.server;
  client.reply('RPL_LINKS', name, name, `0 ${settings.description}`);
  client.reply('RPL_ENDOFLINKS', '*');
}

/** USERS: the users of the machine are private. */
export function users(client: Client): void {
  client.reply('ERR_USERSDISABLED');
}

/** MOTD. */
export function motd(client: Client, message: Message): void {
  if (isForUs(client, message.params[0])) sendMotd(client);
}

/** LUSERS. */
export function lusers(client: Client, message: Message): void {
  if (isForUs(client, message.params[1])) sendLusers(client);
}
