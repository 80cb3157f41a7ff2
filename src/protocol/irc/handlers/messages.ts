/** PRIVMSG, NOTICE, TAGMSG (modern, "Sending Messages"; IRCv3 message-tags, echo-message). */
import type { Manner, Said } from '../../../chat/event.js';
import type { SpeechRefusal } from '../../../chat/permissions.js';
import type { Refused } from '../../../chat/refusal.js';
import type { SayRefusal, Target } from '../../../chat/verbs/speech.js';
import { distinct } from '../distinct.js';
import { MAX_TARGETS } from '../isupport.js';
import { type Message, NO_TAGS } from '../message.js';
import { ranksOfSigns } from '../modes.js';
import { isChannelLike } from '../names.js';
import type { IrcSession } from '../session.js';

const REFUSALS: Readonly<Record<SpeechRefusal, string>> = {
  outside: 'Cannot send to channel (+n)',
  moderated: 'Cannot send to channel (+m)',
  banned: 'Cannot send to channel (+b)',
};

/** PRIVMSG. */
export function privmsg(session: IrcSession, message: Message): void {
  say(session, message, 'message');
}

/** NOTICE: as PRIVMSG, but never answered with an error (RFC 1459 section 4.4.2). */
export function notice(session: IrcSession, message: Message): void {
  say(session, message, 'notice');
}

/** TAGMSG: tags without a text. */
export function tagmsg(session: IrcSession, message: Message): void {
  if (session.has('message-tags')) say(session, message, 'signal');
  else session.reply('ERR_UNKNOWNCOMMAND', 'TAGMSG');
}

function say(session: IrcSession, message: Message, manner: Manner): void {
  const [targets = '', text = ''] = message.params;
  const isQuiet = manner === 'notice';
  if (targets === '') {
    if (!isQuiet) session.reply('ERR_NORECIPIENT', `No recipient given (${message.command})`);
    return;
  }
  if (text === '' && manner !== 'signal') {
    if (!isQuiet) session.reply('ERR_NOTEXTTOSEND');
    return;
  }
  const names = targets.includes(',') ? distinct(targets.split(','), session.server.directory.fold) : [targets];
  if (names.length > MAX_TARGETS) {
    if (!isQuiet) session.reply('ERR_TOOMANYTARGETS', targets);
    return;
  }
  const words = {
    manner,
    text: manner === 'signal' ? '' : text,
    tags: session.has('message-tags') ? message.clientTags : NO_TAGS,
    isDivisible: false,
  };
  for (const name of names) {
    const said = session.server.chat.say(session.member, targetOf(name), words);
    if (said.kind === 'said') answerSaid(session, said);
    else if (!isQuiet) answerUnsaid(session, name, said);
  }
}

/** A nick, a channel, or a channel with signs before its name for those of that rank and above (STATUSMSG). */
function targetOf(name: string): Target {
  const channel = name.replace(/^[~&@%+]+/, '');
  if (!isChannelLike(channel)) return { kind: 'member', nick: name };
  return { kind: 'room', name: channel, ranks: ranksOfSigns(name.slice(0, name.length - channel.length)) };
}

function answerSaid(session: IrcSession, said: Said): void {
  if (session.has('echo-message')) session.tell(said);
  const { to } = said;
  if (to !== null && to.away !== null && said.manner === 'message') session.reply('RPL_AWAY', to.nick, to.away);
}

function answerUnsaid(session: IrcSession, target: string, { why, room }: Refused<SayRefusal>): void {
  if (why === 'no-such-room') session.reply('ERR_NOSUCHCHANNEL', target);
  else if (why === 'no-such-member') session.reply('ERR_NOSUCHNICK', target);
  else replySilenced(session, room?.name ?? target, why);
}

/** Answers somebody who may not speak in a channel. */
export function replySilenced(session: IrcSession, channel: string, why: SpeechRefusal): void {
  session.reply('ERR_CANNOTSENDTOCHAN', channel, REFUSALS[why]);
}
