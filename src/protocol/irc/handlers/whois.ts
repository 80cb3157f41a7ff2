/** WHOIS and WHOWAS (modern, "User-Based Queries"). */
import type { Member } from '../../../chat/member.js';
import { isVisible } from '../../../chat/permissions.js';
import type { LongAnswer } from '../commands.js';
import type { Message } from '../message.js';
import { rankSigns } from '../modes.js';
import type { IrcSession } from '../session.js';
import { seconds } from './channels.js';

/** WHOIS: `[server] nick`. */
export function* whois(session: IrcSession, message: Message): LongAnswer {
  const { params } = message;
  const targets = (params.length > 1 ? params[1] : params[0]) ?? '';
  // One target only (TARGMAX): a list would tell of strangers wholesale.
  const nick = targets.split(',', 1)[0] ?? '';
  if (nick === '') {
    session.reply('ERR_NONICKNAMEGIVEN');
    return;
  }
  const member = session.server.directory.member(nick);
  if (member === undefined) session.reply('ERR_NOSUCHNICK', nick);
  else yield* describe(session, member);
  // The end repeats what was asked for, dropped targets and all (modern, "RPL_ENDOFWHOIS").
  session.reply('RPL_ENDOFWHOIS', targets);
}

function* describe(session: IrcSession, member: Member): LongAnswer {
  const { server, member: viewer } = session;
  const { nick } = member;
  session.reply('RPL_WHOISUSER', nick, member.user, member.host, '*', member.realName);
  yield* session.replyWordsAtLength('RPL_WHOISCHANNELS', [nick], channelWords(session, member));
  session.reply('RPL_WHOISSERVER', nick, server.name, server.settings.description);
  if (member.isOperator) session.reply('RPL_WHOISOPERATOR', nick);
  if (member.traits.has('bot')) session.reply('RPL_WHOISBOT', nick);
  if (member.account !== null) session.reply('RPL_WHOISACCOUNT', nick, member.account);
  if (member.label !== nick) session.reply('RPL_WHOISACTUALLY', nick, member.label);
  else if (viewer === member || viewer.isOperator) {
    session.reply('RPL_WHOISACTUALLY', nick, `${member.user}@${member.address}`, member.address);
  }
  if (member.away !== null) session.reply('RPL_AWAY', nick, member.away);
  const idleSeconds = Math.max(0, Math.floor((server.directory.now() - member.lastSpokeMs) / 1000));
  session.reply('RPL_WHOISIDLE', nick, String(idleSeconds), seconds(member.sinceMs));
}

function* channelWords(session: IrcSession, member: Member): Generator<string | null> {
  const { member: viewer } = session;
  // A copy, since rooms are entered and left while the answer waits for its reader.
  for (const { room, ranks } of [...member.seats]) {
    const isShared = room.seatOf(viewer) !== undefined;
    const mayKnow = viewer === member || isShared || viewer.isOperator || !member.traits.has('invisible');
    const isTold = mayKnow && isVisible(viewer, room);
    yield isTold ? rankSigns(ranks, session.has('multi-prefix')) + room.name : null;
  }
}

/** WHOWAS: `nick [count]`. */
export function whowas(session: IrcSession, message: Message): void {
  const [nick = '', count = ''] = message.params;
  const { server } = session;
  if (nick === '') {
    session.reply('ERR_NONICKNAMEGIVEN');
    return;
  }
  const all = server.directory.departuresOf(nick);
  // Zero and less stand for all (RFC 2812 section 3.6.3).
  const limit = /^\d{1,9}$/.test(count) && Number(count) > 0 ? Number(count) : all.length;
  if (all.length === 0) session.reply('ERR_WASNOSUCHNICK', nick);
  for (const departure of all.slice(0, limit)) {
    session.reply('RPL_WHOWASUSER', departure.nick, departure.user, departure.host, '*', departure.realName);
    session.reply('RPL_WHOISSERVER', departure.nick, server.name, new Date(departure.atMs).toUTCString());
  }
  session.reply('RPL_ENDOFWHOWAS', nick);
}
