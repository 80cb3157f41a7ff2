/** PRIVMSG, NOTICE, TAGMSG (modern, "Sending Messages"; IRCv3 message-tags, echo-message). */
import type { MessageType, Said, Tag } from '../../../chat/event.js';
import type { NotTaken, Refused } from '../../../chat/refusal.js';
import type { Room } from '../../../chat/room.js';
import { isTicket, type Ticket } from '../../../chat/ticket.js';
import type { SayRefusal, Target } from '../../../chat/verbs/speech.js';
import type { Client } from '../client.js';
import { distinct } from '../distinct.js';
import { MAX_TARGETS } from '../isupport.js';
import type { Message } from '../message.js';
import { ranksOfSigns } from '../modes.js';
import { isChannelLike } from '../names.js';
import { replyNotTaken, replySilenced } from '../refusals.js';

const NO_TAGS: readonly Tag[] = [];

/** How a message has ended. */
type Answered = Said | Refused<SayRefusal> | NotTaken;

/** PRIVMSG. */
export function privmsg(client: Client, message: Message): void {
  say(client, message, 'message');
}

/** NOTICE: like PRIVMSG, but errors are not reported (RFC 1459 section 4.4.2). */
export function notice(client: Client, message: Message): void {
  say(client, message, 'notice');
}

/** TAGMSG: tags without a text. */
export function tagmsg(client: Client, message: Message): void {
  if (client.has('message-tags')) say(client, message, 'signal');
  else client.reply('ERR_UNKNOWNCOMMAND', 'TAGMSG');
}

function say(client: Client, message: Message, type: MessageType): void {
  const [targets = '', text = ''] = message.params;
  const isQuiet = type === 'notice';
  if (targets === '') {
    if (!isQuiet) client.reply('ERR_NORECIPIENT', `No recipient given (${message.command})`);
    return;
  }
  if (text === '' && type !== 'signal') {
    if (!isQuiet) client.reply('ERR_NOTEXTTOSEND');
    return;
  }
  const names = targets.includes(',') ? distinct(targets.split(','), client.server.directory.fold) : [targets];
  if (names.length > MAX_TARGETS) {
    if (!isQuiet) client.reply('ERR_TOOMANYTARGETS', targets);
    return;
  }
  const words = {
    type,
    text: type === 'signal' ? '' : text,
    tags: message.clientTags.size > 0 && client.has('message-tags') ? [...message.clientTags] : NO_TAGS,
    isDivisible: false,
  };
  for (const name of names) {
    const said = client.server.chat.say(client.member, targetOf(name), words);
    // Nearly always the log is in memory, and has settled it.
    if (isTicket(said)) answerLater(client, message.command, name, said);
    else answerOne(client, message.command, name, said);
  }
}

/** By itself, because a function that makes a closure pays for it even when it makes none. */
function answerLater(client: Client, command: string, target: string, said: Ticket<Answered>): void {
  client.answerLater(said, (outcome) => answerOne(client, command, target, outcome));
}

function answerOne(client: Client, command: string, target: string, said: Answered): void {
  if (said.kind === 'said') answerSaid(client, said);
  // Errors of a NOTICE are not reported.
  else if (command === 'NOTICE') return;
  else if (said.why === 'not-taken') replyNotTaken(client, command, target);
  else answerUnsaid(client, target, said.why, said.room);
}

/** Parses a nick, a channel, or a channel after the signs of the ranks that it is addressed to (STATUSMSG). */
function targetOf(name: string): Target {
  if (isChannelLike(name)) return { kind: 'room', name, ranks: 0 };
  const channel = name.replace(/^[~&@%+]+/, '');
  if (!isChannelLike(channel)) return { kind: 'member', nick: name };
  return { kind: 'room', name: channel, ranks: ranksOfSigns(name.slice(0, name.length - channel.length)) };
}

function answerSaid(client: Client, said: Said): void {
  if (client.has('echo-message')) client.echo(said);
  const { to } = said;
  if (to !== null && to.away !== null && said.type === 'message') client.reply('RPL_AWAY', to.nick, to.away);
}

function answerUnsaid(client: Client, target: string, why: SayRefusal, room: Room | null): void {
  if (why === 'no-such-room') client.reply('ERR_NOSUCHCHANNEL', target);
  else if (why === 'no-such-member') client.reply('ERR_NOSUCHNICK', target);
  else replySilenced(client, room?.name ?? target, why);
}
