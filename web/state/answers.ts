/** The lines that the page sends by itself when a line arrives. Pure: the same state and line give the same answers. */
import type { Incoming } from '../irc/incoming.js';
import { formatLine } from '../irc/outgoing.js';
import { keyOf } from './conversations.js';
import { type Conversation, isSame, type State } from './model.js';
import { messageLines } from './multiline.js';
import { queuedIn } from './own-messages.js';
import { alternativeNick } from './own-nick.js';
import { WHO_TOKEN } from './received-members.js';

/** The capabilities that the page makes use of. */
const WANTED = new Set([
  'away-notify',
  'batch',
  'cap-notify',
  'chghost',
  'draft/account-registration',
  'draft/channel-rename',
  'draft/chathistory',
  'draft/event-playback',
  'draft/message-redaction',
  'draft/multiline',
  'draft/read-marker',
  'echo-message',
  'invite-notify',
  'labeled-response',
  'message-tags',
  'multi-prefix',
  'sasl',
  'server-time',
  'soju.im/search',
  'standard-replies',
]);
/** In larger rooms nobody looks for who is away, and the answer would be long. */
const MAX_WHO_MEMBERS = 200;

/**
 * Returns the lines to send.
 *
 * @param before - the state before the line
 * @param after - the state after it
 */
export function answersTo(before: State, after: State, message: Incoming): string[] {
  const hasDone = before.login.step === 'running' && after.login.step !== 'running';
  if (hasDone && after.link.kind === 'registering') return ['CAP END'];
  const { command, params } = message;
  switch (command) {
    case 'PING':
      return [formatLine('PONG', [params.at(-1) ?? ''])];
    case 'CAP':
      return negotiation(before, after, params);
    case '001':
      return welcome(before, after);
    case '431':
    case '432':
    case '433':
    case '436':
      return before.link.kind === 'registering' && before.wasOnline
        ? [formatLine('NICK', [alternativeNick(before.nick, before.features.nickLength)])]
        : [];
    case '366':
      return presence(after, params[1] ?? '');
    case 'JOIN':
      return isSame(before, message.nick, before.nick) ? queued(before, after, params[0] ?? '') : [];
    case 'QUIT':
    case 'NICK':
      return reclaim(before, after, message);
    default:
      return [];
  }
}

function negotiation(before: State, after: State, [, verb = '', third = '']: readonly string[]): string[] {
  switch (verb.toUpperCase()) {
    case 'LS': {
      if (third === '*') return [];
      const names = [...after.offered.keys()].filter((name) => WANTED.has(name));
      return names.length === 0 ? ['CAP END'] : [formatLine('CAP', ['REQ', names.join(' ')])];
    }
    case 'NEW': {
      const names = [...after.offered.keys()].filter((name) => WANTED.has(name) && !before.offered.has(name));
      return names.length === 0 ? [] : [formatLine('CAP', ['REQ', names.join(' ')])];
    }
    case 'ACK':
    case 'NAK':
      return after.link.kind === 'registering' && after.login.step !== 'running' ? ['CAP END'] : [];
    default:
      return [];
  }
}

function welcome(before: State, after: State): string[] {
  const conversations = [...before.conversations.values()];
  const joins = conversations
    .filter(({ isWanted }) => isWanted)
    .map(({ name, password }) => formatLine('JOIN', password === '' ? [name] : [name, password]));
  const messages = conversations.filter(({ kind }) => kind === 'private').flatMap((each) => messagesOf(after, each));
  const away = after.away === null ? [] : [formatLine('AWAY', [after.away])];
  return [...joins, ...away, ...messages];
}

function queued(before: State, after: State, room: string): string[] {
  const conversation = before.conversations.get(keyOf(before, room));
  return conversation === undefined ? [] : messagesOf(after, conversation);
}

function messagesOf(state: State, conversation: Conversation): string[] {
  return queuedIn(conversation).flatMap((body) => messageLines(state, conversation.name, body));
}

function presence(state: State, room: string): string[] {
  const conversation = state.conversations.get(keyOf(state, room));
  if (conversation === undefined || !state.capabilities.has('away-notify')) return [];
  if (conversation.members.size > MAX_WHO_MEMBERS) return [];
  return [formatLine('WHO', [conversation.name, `%tcnf,${WHO_TOKEN}`])];
}

/** Takes the wanted nick back when its holder gives it up. */
function reclaim(before: State, after: State, { nick }: Incoming): string[] {
  const isFree = isSame(before, nick, before.wantedNick) && !isSame(before, nick, before.nick);
  return isFree && after.link.kind === 'online' ? [formatLine('NICK', [after.wantedNick])] : [];
}
