/** Every command of the server: when it may be used, how many parameters it needs, and which handler answers it. */
import type { Privilege } from '../../chat/member.js';
import type { Client } from './client.js';
import { authenticate } from './handlers/authenticate.js';
import { batch } from './handlers/batch.js';
import { invite, join, kick, names, part, topic } from './handlers/channels.js';
import { chathistory, history } from './handlers/chathistory.js';
import { cap, nick, pass, ping, pong, quit, user } from './handlers/connection.js';
import { admin, help, info, links, lusers, motd, stats, time, users, version } from './handlers/information.js';
import { knock } from './handlers/knock.js';
import { list } from './handlers/list.js';
import { markread } from './handlers/markread.js';
import { notice, privmsg, tagmsg } from './handlers/messages.js';
import { metadata } from './handlers/metadata.js';
import { mode } from './handlers/mode.js';
import { monitor } from './handlers/monitor.js';
import { die, global, kill, oper, rehash, wallops } from './handlers/operators.js';
import { away, ison, setname, userhost } from './handlers/presence.js';
import { redact } from './handlers/redact.js';
import { register, verify } from './handlers/register.js';
import { rename } from './handlers/rename.js';
import { search } from './handlers/search.js';
import { dline, kline, undline, unkline } from './handlers/server-bans.js';
import { webirc } from './handlers/webirc.js';
import { who } from './handlers/who.js';
import { whois, whowas } from './handlers/whois.js';
import type { Message } from './message.js';
import type { Outcome } from './outcome.js';
import { chanserv } from './services/chanserv.js';
import { nickserv } from './services/nickserv.js';

/** Answers a command. */
export type Handler = (client: Client, message: Message) => Outcome;

/** One row of the table. */
export interface Command {
  readonly run: Handler;
  /** With fewer parameters the reply is ERR_NEEDMOREPARAMS. */
  readonly minParams: number;
  /** `registering`: only before registration is complete; `registered`: only after. */
  readonly when: 'always' | 'registering' | 'registered';
  /** It need not wait until the messages before it have been answered. */
  readonly pipelines?: true;
  /** Those without it get ERR_NOPRIVILEGES. */
  readonly privilege?: Privilege;
}

/** The table, by the command in upper case. A check that a row can express is made nowhere else. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['WEBIRC', { run: webirc, minParams: 4, when: 'registering' }],
  ['METADATA', { run: metadata, minParams: 0, when: 'always' }],
  ['CAP', { run: cap, minParams: 1, when: 'always' }],
  ['AUTHENTICATE', { run: authenticate, minParams: 1, when: 'always' }],
  ['REGISTER', { run: register, minParams: 3, when: 'always' }],
  ['VERIFY', { run: verify, minParams: 2, when: 'always' }],
  ['PASS', { run: pass, minParams: 1, when: 'registering' }],
  ['NICK', { run: nick, minParams: 0, when: 'always' }],
  ['USER', { run: user, minParams: 4, when: 'registering' }],
  ['PING', { run: ping, minParams: 1, when: 'always' }],
  ['PONG', { run: pong, minParams: 0, when: 'always' }],
  ['QUIT', { run: quit, minParams: 0, when: 'always' }],

  ['JOIN', { run: join, minParams: 1, when: 'registered' }],
  ['PART', { run: part, minParams: 1, when: 'registered' }],
  ['TOPIC', { run: topic, minParams: 1, when: 'registered' }],
  ['NAMES', { run: names, minParams: 0, when: 'registered' }],
  ['LIST', { run: list, minParams: 0, when: 'registered' }],
  ['INVITE', { run: invite, minParams: 0, when: 'registered' }],
  ['KNOCK', { run: knock, minParams: 1, when: 'registered' }],
  ['RENAME', { run: rename, minParams: 2, when: 'registered' }],
  ['KICK', { run: kick, minParams: 2, when: 'registered' }],
  ['MODE', { run: mode, minParams: 1, when: 'registered' }],

  ['PRIVMSG', { run: privmsg, minParams: 0, when: 'registered', pipelines: true }],
  ['NOTICE', { run: notice, minParams: 0, when: 'registered', pipelines: true }],
  ['REDACT', { run: redact, minParams: 2, when: 'registered' }],
  ['BATCH', { run: batch, minParams: 1, when: 'registered', pipelines: true }],
  ['TAGMSG', { run: tagmsg, minParams: 0, when: 'registered', pipelines: true }],

  ['CHATHISTORY', { run: chathistory, minParams: 0, when: 'registered' }],
  ['SEARCH', { run: search, minParams: 1, when: 'registered' }],
  ['MARKREAD', { run: markread, minParams: 0, when: 'registered' }],
  ['HISTORY', { run: history, minParams: 1, when: 'registered' }],

  ['NICKSERV', { run: nickserv, minParams: 0, when: 'registered' }],
  ['NS', { run: nickserv, minParams: 0, when: 'registered' }],
  ['CHANSERV', { run: chanserv, minParams: 0, when: 'registered' }],
  ['CS', { run: chanserv, minParams: 0, when: 'registered' }],

  ['WHO', { run: who, minParams: 0, when: 'registered' }],
  ['WHOIS', { run: whois, minParams: 0, when: 'registered' }],
  ['WHOWAS', { run: whowas, minParams: 0, when: 'registered' }],
  ['ISON', { run: ison, minParams: 1, when: 'registered' }],
  ['USERHOST', { run: userhost, minParams: 1, when: 'registered' }],
  ['AWAY', { run: away, minParams: 0, when: 'registered' }],
  ['SETNAME', { run: setname, minParams: 1, when: 'registered' }],
  ['MONITOR', { run: monitor, minParams: 1, when: 'registered' }],

  ['VERSION', { run: version, minParams: 0, when: 'registered' }],
  ['TIME', { run: time, minParams: 0, when: 'registered' }],
  ['INFO', { run: info, minParams: 0, when: 'registered' }],
  ['ADMIN', { run: admin, minParams: 0, when: 'registered' }],
  ['STATS', { run: stats, minParams: 1, when: 'registered' }],
  ['HELP', { run: help, minParams: 0, when: 'registered' }],
  ['HELPOP', { run: help, minParams: 0, when: 'registered' }],
  ['LINKS', { run: links, minParams: 0, when: 'registered' }],
  ['USERS', { run: users, minParams: 0, when: 'registered' }],
  ['MOTD', { run: motd, minParams: 0, when: 'registered' }],
  ['LUSERS', { run: lusers, minParams: 0, when: 'registered' }],

  ['OPER', { run: oper, minParams: 2, when: 'registered' }],
  ['KILL', { run: kill, minParams: 1, when: 'registered', privilege: 'kill' }],
  ['KLINE', { run: kline, minParams: 1, when: 'registered', privilege: 'ban' }],
  ['UNKLINE', { run: unkline, minParams: 1, when: 'registered', privilege: 'ban' }],
  ['DLINE', { run: dline, minParams: 1, when: 'registered', privilege: 'ban' }],
  ['UNDLINE', { run: undline, minParams: 1, when: 'registered', privilege: 'ban' }],
  ['WALLOPS', { run: wallops, minParams: 1, when: 'registered', privilege: 'wallops' }],
  ['GLOBAL', { run: global, minParams: 1, when: 'registered', privilege: 'global' }],
  ['REHASH', { run: rehash, minParams: 0, when: 'registered', privilege: 'rehash' }],
  ['DIE', { run: die, minParams: 0, when: 'registered', privilege: 'die' }],
]);
