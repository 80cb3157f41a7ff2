/** PRIVMSG, NOTICE, TAGMSG (modern, "Sending Messages"; IRCv3 message-tags, echo-message). */
import type { Manner, Said } from '../../../chat/event.js';
import type { Room, SpeechRefusal } from '../../../chat/room.js';
import { newMessageId } from '../../message-id.js';
import { MAX_TARGETS } from '../isupport.js';
import { distinct } from '../distinct.js';
import type { Message } from '../message.js';
import { rankBitOfSign } from '../modes.js';
import { isChannelLike } from '../names.js';
import { isVisible, speechRefusal } from '../permissions.js';
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
  const { member, server } = session;
  const atMs = server.directory.now();
  member.lastSpokeMs = atMs;
  const tags = session.has('message-tags') ? message.clientTags : '';
  for (const name of names) {
    const words = { kind: 'said', atMs, by: member, manner, text: manner === 'signal' ? '' : text, tags } as const;
    const said = { ...words, id: newMessageId(), isDivisible: false, room: null, target: name };
    if (isChannelLike(name.replace(/^[~&@%+]+/, ''))) sayToRoom(session, said, isQuiet);
    else sayToMember(session, said, isQuiet);
  }
}

/** To a channel, or with signs before its name to those of that rank and above (STATUSMSG). */
function sayToRoom(session: IrcSession, said: Said, isQuiet: boolean): void {
  const { member, server } = session;
  const name = said.target.replace(/^[~&@%+]+/, '');
  const signs = said.target.slice(0, said.target.length - name.length);
  const room = server.directory.room(name);
  const refusal = room === undefined ? null : speechRefusal(member, room);
  if (room === undefined || (refusal !== null && !isVisible(member, room))) {
    if (!isQuiet) session.reply('ERR_NOSUCHCHANNEL', said.target);
    return;
  }
  if (refusal !== null) {
    if (!isQuiet) session.reply('ERR_CANNOTSENDTOCHAN', room.name, REFUSALS[refusal]);
    return;
  }
  // Several signs mean the lowest of them.
  const minimum = Math.min(...Array.from(signs, (sign) => rankBitOfSign(sign) ?? 0));
  const event = { ...said, room, target: signs + room.name };
  room.tell(event, member, signs === '' ? 0 : minimum);
  if (session.has('echo-message')) session.tell(event);
}

/** Answers somebody who may not speak in a room. @returns whether it may not */
export function refuseSpeech(session: IrcSession, room: Room): boolean {
  const refusal = speechRefusal(session.member, room);
  if (refusal !== null) session.reply('ERR_CANNOTSENDTOCHAN', room.name, REFUSALS[refusal]);
  return refusal !== null;
}

function sayToMember(session: IrcSession, said: Said, isQuiet: boolean): void {
  const { directory } = session.server;
  const target = directory.member(said.target);
  if (target === undefined) {
    if (!isQuiet) session.reply('ERR_NOSUCHNICK', said.target);
    return;
  }
  const event = { ...said, target: target.nick };
  directory.tellOne(target, event);
  if (session.has('echo-message')) session.tell(event);
  if (target.away !== null && said.manner === 'message') session.reply('RPL_AWAY', target.nick, target.away);
}
