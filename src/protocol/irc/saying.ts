/** Messages to one target, and their answers, whatever command they come from. */
import type { EventOf, Said } from '../../chat/event.js';
import type { NotTaken, Refused } from '../../chat/refusal.js';
import type { Room } from '../../chat/room.js';
import { isTicket, type Ticket } from '../../chat/ticket.js';
import type { SayRefusal, Target, Words } from '../../chat/verbs/speech.js';
import type { Client } from './client.js';
import { ranksOfSigns } from './modes.js';
import { isChannelLike } from './names.js';
import { replyNotTaken, replySilenced, replyUndelivered, replyUnprivileged } from './refusals.js';

/** How a message has ended. */
type Answered = Said | Refused<SayRefusal> | NotTaken;

/** Says something to one target, and answers. */
export function sayTo(client: Client, command: string, name: string, words: Words): void {
  const said = client.server.chat.say(client.member, targetOf(name), words);
  // Nearly always the log is in memory, and has settled it.
  if (isTicket(said)) answerLater(client, command, name, said);
  else answerOne(client, command, name, said);
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
  else if (said.why === 'unreachable' || said.why === 'too-many-letters') {
    replyUndelivered(client, command, target, said.why);
  } else answerUnsaid(client, target, said.why, said.room);
}

/** Parses a nick, a channel, or a channel after the signs of the ranks that it is addressed to (STATUSMSG). */
export function targetOf(name: string): Target {
  if (isChannelLike(name)) return { kind: 'room', name, ranks: 0 };
  const channel = name.replace(/^[~&@%+]+/, '');
  if (!isChannelLike(channel)) return { kind: 'member', nick: name };
  return { kind: 'room', name: channel, ranks: ranksOfSigns(name.slice(0, name.length - channel.length)) };
}

function answerSaid(client: Client, said: Said): void {
  if (client.has('echo-message')) client.echo(said);
  const { to } = said;
  if (to === null || said.type !== 'message') return;
  const away = client.server.chat.absenceOf(to);
  if (away !== null) client.reply('RPL_AWAY', to.nick, away);
}

function answerUnsaid(
  client: Client,
  target: string,
  why: Exclude<SayRefusal, 'unreachable' | 'too-many-letters'>,
  room: Room | null,
): void {
  if (why === 'no-such-room') client.reply('ERR_NOSUCHCHANNEL', target);
  else if (why === 'no-such-member') client.reply('ERR_NOSUCHNICK', target);
  else if (why === 'needs-account') client.reply('ERR_NEEDREGGEDNICK', target);
  else replySilenced(client, room?.name ?? target, why);
}

/** Answers a message to everybody. @param context - what the answer names, if its log has not taken it */
export function answerBroadcast(
  client: Client,
  outcome: EventOf<'broadcast'> | Refused<'not-privileged'> | NotTaken,
  command: string,
  ...context: readonly string[]
): void {
  if (outcome.kind === 'broadcast') client.echo(outcome);
  else if (outcome.why === 'not-taken') replyNotTaken(client, command, ...context);
  else replyUnprivileged(client, 'global');
}
