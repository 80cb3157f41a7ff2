/** VERSION, TIME, INFO, ADMIN, STATS, HELP, LINKS, USERS, MOTD, LUSERS (modern, "Server Queries and Commands"). */
import { matchesMask } from '../../../chat/mask.js';
import type { ServerBan } from '../../../chat/server-bans.js';
import type { LongAnswer } from '../commands.js';
import { isupportLines } from '../isupport.js';
import type { Message } from '../message.js';
import type { IrcSession } from '../session.js';
import { HELP_TOPICS } from './help-topics.js';

const MS_PER_MINUTE = 60_000;

/** Whether a query is meant for this server, by its name, a mask of it, or the nick of somebody on it. */
function isForUs(session: IrcSession, target: string | undefined): boolean {
  const { server } = session;
  if (target === undefined || target === '') return true;
  const { directory } = server;
  if (matchesMask(directory.fold(target), directory.fold(server.name))) return true;
  if (directory.member(target) !== undefined) return true;
  session.reply('ERR_NOSUCHSERVER', target);
  return false;
}

/** VERSION. */
export function version(session: IrcSession, message: Message): void {
  if (!isForUs(session, message.params[0])) return;
  const { server } = session;
  session.reply('RPL_VERSION', `fdmux-${server.version}`, server.name, server.settings.description);
  sendIsupport(session);
}

/** RPL_ISUPPORT. */
export function sendIsupport(session: IrcSession): void {
  const tokens = session.server.isupport(session.isUtf8Only, session.limits.maxRooms);
  for (const line of isupportLines(tokens)) session.reply('RPL_ISUPPORT', ...line);
}

/** TIME. */
export function time(session: IrcSession, message: Message): void {
  if (!isForUs(session, message.params[0])) return;
  session.reply('RPL_TIME', session.server.name, new Date(session.server.directory.now()).toString());
}

/** INFO. */
export function info(session: IrcSession, message: Message): void {
  if (!isForUs(session, message.params[0])) return;
  const { server } = session;
  session.reply(
    'RPL_INFO',
    `fdmux ${server.version}: select, poll and epoll for Node.js, and a chat server on top of them`,
  );
  session.reply('RPL_INFO', `Running since ${new Date(server.startedMs).toUTCString()}`);
  session.reply('RPL_ENDOFINFO');
}

/** ADMIN. */
export function admin(session: IrcSession, message: Message): void {
  if (!isForUs(session, message.params[0])) return;
  const { location, organization, email } = session.server.settings.admin;
  session.reply('RPL_ADMINME', session.server.name);
  session.reply('RPL_ADMINLOC1', location);
  session.reply('RPL_ADMINLOC2', organization);
  session.reply('RPL_ADMINEMAIL', email);
}

/** STATS d, k, m, o, u. */
export function* stats(session: IrcSession, message: Message): LongAnswer {
  const [query = '', target] = message.params;
  if (!isForUs(session, target)) return;
  const letter = query.slice(0, 1) === '' ? '*' : query.slice(0, 1);
  if (OPERATORS_STATS.has(letter.toLowerCase()) && !session.member.isOperator) session.reply('ERR_NOPRIVILEGES');
  else yield* statsLines(session, letter.toLowerCase());
  session.reply('RPL_ENDOFSTATS', letter);
}

/** What only operators may know: where operators come from, and who is kept out. */
const OPERATORS_STATS: ReadonlySet<string> = new Set(['d', 'k', 'o']);

function* statsLines(session: IrcSession, letter: string): LongAnswer {
  const { server } = session;
  switch (letter) {
    case 'm':
      for (const [command, count] of server.commandCounts) session.reply('RPL_STATSCOMMANDS', command, String(count));
      return;
    case 'u':
      session.reply('RPL_STATSUPTIME', `Server Up ${formatDuration(server.directory.now() - server.startedMs)}`);
      return;
    case 'o':
      for (const { masks, name } of server.settings.operators) {
        for (const mask of masks) session.reply('RPL_STATSOLINE', 'O', mask, '*', name);
      }
      return;
    case 'k':
      for (const ban of server.bans.list('users')) {
        const [user = '*', host = '*'] = ban.mask.split('@', 2);
        session.reply('RPL_STATSKLINE', signOf(ban, 'K'), host, '*', user, reasonOf(session, ban));
        yield;
      }
      return;
    case 'd':
      for (const ban of server.bans.list('addresses')) {
        session.reply('RPL_STATSDLINE', signOf(ban, 'D'), ban.mask, reasonOf(session, ban));
        yield;
      }
  }
}

/** A small letter stands for a ban that ends. */
function signOf(ban: ServerBan, letter: string): string {
  return ban.untilMs === null ? letter : letter.toLowerCase();
}

function reasonOf(session: IrcSession, { reason, untilMs, by }: ServerBan): string {
  const left =
    untilMs === null ? '' : `, ${Math.ceil((untilMs - session.server.directory.now()) / MS_PER_MINUTE)} min. left`;
  return `${reason} (by ${by}${left})`;
}

function formatDuration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const days = Math.floor(total / 86_400);
  return `${days} days ${Math.floor(total / 3600) % 24}:${pad(Math.floor(total / 60) % 60)}:${pad(total % 60)}`;
}

/** HELP. */
export function help(session: IrcSession, message: Message): void {
  const subject = message.params[0] ?? '*';
  const lines = HELP_TOPICS.get(subject === '*' ? '*' : subject.toUpperCase());
  if (lines === undefined) {
    session.reply('ERR_HELPNOTFOUND', subject);
    return;
  }
  const [first = '', ...rest] = lines;
  session.reply('RPL_HELPSTART', subject, first);
  session.reply('RPL_HELPTXT', subject, '');
  for (const line of rest) session.reply('RPL_HELPTXT', subject, line);
  session.reply('RPL_ENDOFHELP', subject, 'End of /HELP');
}

/** LINKS: there is one server. */
export function links(session: IrcSession): void {
  const { name, settings } = session.server;
  session.reply('RPL_LINKS', name, name, `0 ${settings.description}`);
  session.reply('RPL_ENDOFLINKS', '*');
}

/** USERS: who is logged in to the machine is nobody's business. */
export function users(session: IrcSession): void {
  session.reply('ERR_USERSDISABLED');
}

/** MOTD. */
export function motd(session: IrcSession, message: Message): void {
  if (isForUs(session, message.params[0])) sendMotd(session);
}

/** The message of the day, as it is also told after registration. */
export function sendMotd(session: IrcSession): void {
  const lines = session.server.settings.motd;
  if (lines.length === 0) {
    session.reply('ERR_NOMOTD');
    return;
  }
  session.reply('RPL_MOTDSTART', `- ${session.server.name} Message of the day - `);
  for (const line of lines) session.reply('RPL_MOTD', `- ${line}`);
  session.reply('RPL_ENDOFMOTD');
}

/** LUSERS. */
export function lusers(session: IrcSession, message: Message): void {
  if (isForUs(session, message.params[1])) sendLusers(session);
}

/** How many are here, as it is also told after registration. */
export function sendLusers(session: IrcSession): void {
  const { server } = session;
  const { directory, unregisteredCount } = server;
  const total = directory.memberCount;
  const invisible = directory.invisibleCount;
  session.reply('RPL_LUSERCLIENT', `There are ${total - invisible} users and ${invisible} invisible on 1 servers`);
  session.reply('RPL_LUSEROP', String(directory.operatorCount));
  session.reply('RPL_LUSERUNKNOWN', String(unregisteredCount));
  session.reply('RPL_LUSERCHANNELS', String(directory.occupiedRoomCount));
  session.reply('RPL_LUSERME', `I have ${total} clients and 1 servers`);
  const peak = String(directory.peakMemberCount);
  session.reply('RPL_LOCALUSERS', String(total), peak, `Current local users ${total}, max ${peak}`);
  session.reply('RPL_GLOBALUSERS', String(total), peak, `Current global users ${total}, max ${peak}`);
}
