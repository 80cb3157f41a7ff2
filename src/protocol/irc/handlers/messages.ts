/** PRIVMSG, NOTICE, TAGMSG (modern, "Sending Messages"; IRCv3 message-tags, echo-message). */
import type { MessageType, Tag } from '../../../chat/event.js';
import { matchesMask } from '../../../chat/mask.js';
import { isTicket } from '../../../chat/ticket.js';
import type { Client } from '../client.js';
import { distinct } from '../distinct.js';
import { MAX_TARGETS } from '../isupport.js';
import type { Message } from '../message.js';
import type { Outcome } from '../outcome.js';
import { replyUnprivileged } from '../refusals.js';
import { answerBroadcast, sayTo } from '../saying.js';
import { chanserv } from '../services/chanserv.js';
import { nickserv } from '../services/nickserv.js';
import { serviceOf } from '../services/service.js';

const NO_TAGS: readonly Tag[] = [];

/** PRIVMSG. */
export function privmsg(client: Client, message: Message): Outcome {
  const [target = '', text = ''] = message.params;
  const service = serviceOf(target);
  // Words to a service may be a password, so they are said to nobody, and kept nowhere.
  if (service !== undefined && text !== '') return SERVICES[service](client, { ...message, params: [text] });
  say(client, message, 'message');
  return undefined;
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

const SERVICES = { NickServ: nickserv, ChanServ: chanserv } as const;

function say(client: Client, message: Message, type: MessageType): void {
  const [targets = '', text = ''] = message.params;
  // No program talks to a service by notices.
  if (type === 'notice' && serviceOf(targets) !== undefined) return;
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
    if (name.startsWith('$') && type !== 'signal') broadcast(client, message.command, name, type, text);
    else sayTo(client, message.command, name, words);
  }
}

/** A mask of servers stands for everybody on them, and there is one server. */
function broadcast(client: Client, command: string, target: string, type: 'message' | 'notice', text: string): void {
  const { member, server } = client;
  const { fold } = server.directory;
  if (!member.may('global')) {
    // No program sends this by mistake, so a NOTICE is answered as well.
    replyUnprivileged(client, 'global');
    return;
  }
  if (!matchesMask(fold(target.replace(/^\$\$?/, '')), fold(server.name))) {
    client.reply('ERR_NOSUCHSERVER', target);
    return;
  }
  client.log('broadcast');
  const sent = server.chat.broadcast(member, type, text);
  if (isTicket(sent)) client.answerLater(sent, (outcome) => answerBroadcast(client, outcome, command, target));
  else answerBroadcast(client, sent, command, target);
}
