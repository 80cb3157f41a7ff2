/** The chat's refusals in the words of IRC. */
import { type BorderRefusal, namesDomain } from '../../chat/abroad.js';
import type { Privilege } from '../../chat/member.js';
import type { EntryRefusal, SpeechRefusal } from '../../chat/permissions.js';
import type { Client } from './client.js';
import type { Message } from './message.js';
import type { Numeric } from './numerics.js';

/** The reasons why JOIN fails. */
export const ENTRY_REFUSALS: Readonly<Record<EntryRefusal | 'too-many-rooms', Numeric>> = {
  banned: 'ERR_BANNEDFROMCHAN',
  'invite-only': 'ERR_INVITEONLYCHAN',
  'needs-account': 'ERR_NEEDREGGEDNICK',
  'bad-key': 'ERR_BADCHANNELKEY',
  full: 'ERR_CHANNELISFULL',
  'too-many-rooms': 'ERR_TOOMANYCHANNELS',
};

/** The reasons why any change of a channel may fail. */
export const ROOM_REFUSALS = {
  'no-such-room': 'ERR_NOSUCHCHANNEL',
  'not-inside': 'ERR_NOTONCHANNEL',
  'not-allowed': 'ERR_CHANOPRIVSNEEDED',
} as const;

const SPEECH_REFUSALS: Readonly<Record<SpeechRefusal | 'query', string>> = {
  outside: 'Cannot send to channel (+n)',
  moderated: 'Cannot send to channel (+m)',
  'speaker-needs-account': 'Cannot send to channel (+M)',
  banned: 'Cannot send to channel (+b)',
  muted: 'Cannot send to channel (+b)',
  query: 'Cannot send to channel (+C)',
};

const BORDER_REFUSALS: Readonly<Record<BorderRefusal, readonly [code: string, text: string]>> = {
  'unknown-domain': ['UNKNOWN_DOMAIN', 'This server is not linked to a domain of that name'],
  'not-shared': ['ROOM_NOT_SHARED', 'That domain does not share this channel with us'],
  unreachable: ['DOMAIN_UNREACHABLE', 'The link to that domain is down; try again later'],
};

/** Answers somebody who cannot enter a channel of another domain. */
export function replyAbroad(client: Client, channel: string, why: BorderRefusal): void {
  const [code, text] = BORDER_REFUSALS[why];
  client.reply('ERR_NOSUCHCHANNEL', channel);
  client.fail('JOIN', code, [channel], text);
}

const LETTER_REFUSALS = {
  unreachable: ['DOMAIN_UNREACHABLE', 'The domain has not answered; the message may have arrived all the same'],
  'too-many-letters': ['RATE_LIMITED', 'Too many messages to people of other domains; try again later'],
} as const;

/** Answers somebody whose message to a person of another domain was not delivered. */
export function replyUndelivered(
  client: Client,
  command: string,
  nick: string,
  why: keyof typeof LETTER_REFUSALS,
): void {
  const [code, text] = LETTER_REFUSALS[why];
  client.reply('ERR_NOSUCHNICK', nick);
  client.fail(command, code, [nick], text);
}

/** Answers somebody who has said so much to other domains that no more of it can wait for them. */
export function replyWaitingAbroad(client: Client, { command, params }: Pick<Message, 'command' | 'params'>): void {
  // Errors of a NOTICE are not reported.
  if (command === 'NOTICE') return;
  const [target = '*'] = params;
  const text = 'Too much of what you have said waits for other domains; try again later';
  if (command === 'PRIVMSG' && namesDomain(target)) client.reply('ERR_CANNOTSENDTOCHAN', target, text);
  else if (command === 'PRIVMSG') client.reply('ERR_NOSUCHNICK', target);
  client.fail(command, 'RATE_LIMITED', [target], text);
}

/**
 * Answers that the log has not taken in time what somebody wanted to do. It may have it all the same: see
 * {@link Client.afterAll}.
 */
export function replyNotTaken(client: Client, command: string, ...context: readonly string[]): void {
  const text = 'The server could not store this in time; if it happens after all, you will see it';
  client.fail(command, 'STORE_UNAVAILABLE', context, text);
}

/** Answers somebody who wants a nick that belongs to an account. */
export function replyReserved(client: Client, nick: string): void {
  client.reply('ERR_NICKNAMEINUSE', nick);
  client.fail('NICK', 'NICKNAME_RESERVED', [nick], 'Nickname is reserved by a different account: log in to it first');
}

/** Answers somebody who lacks a privilege. An operator is told which one. */
export function replyUnprivileged(client: Client, privilege: Privilege): void {
  const why = client.member.isOperator ? `You need the privilege ${privilege}` : "You're not an IRC operator";
  client.reply('ERR_NOPRIVILEGES', `Permission Denied- ${why}`);
}

/** Answers somebody who may not speak in a channel. */
export function replySilenced(client: Client, channel: string, why: SpeechRefusal | 'query'): void {
  client.reply('ERR_CANNOTSENDTOCHAN', channel, SPEECH_REFUSALS[why]);
}
