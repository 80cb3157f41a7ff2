/** Messages: others', and the echoes of the user's own. */
import { isRoomName } from '../irc/features.js';
import { keyOf, opened, withChangedLine, withLine } from './conversations.js';
import { audienceOf, messageBodyOf } from './message-body.js';
import { type Line, type MessageBody, SERVER_KEY, type Stamp, type State } from './model.js';
import { takenBack } from './playback.js';
import type { Handler, Reception } from './reception.js';

const said: Handler = (state, reception) => {
  const body = messageBodyOf(state, reception.message);
  if (body === null) return state;
  const { key, name } = placeOfMessage(state, reception);
  const open = name === '' ? state : opened(state, name);
  if (isKnown(open, key, reception.stamp)) return open;
  return body.isOwn ? echoed(open, key, body, reception) : heard(open, key, body, reception);
};

/** Returns the place of a message. Words of the server, and notices of strangers, open no conversation. */
function placeOfMessage(
  state: State,
  { message, param, isOwn }: Reception,
): { readonly key: string; readonly name: string } {
  const target = param(0);
  const room = target.slice(audienceOf(state, target).length);
  if (isRoomName(state.features, room)) {
    const key = keyOf(state, room);
    return { key: state.conversations.has(key) ? key : SERVER_KEY, name: '' };
  }
  const name = isOwn ? target : message.nick;
  const key = keyOf(state, name);
  const isPerson = message.source.includes('!') || isOwn;
  const opens = isPerson && (message.command === 'PRIVMSG' || isOwn);
  if (opens || state.conversations.has(key)) return { key, name };
  return { key: SERVER_KEY, name: '' };
}

function heard(state: State, key: string, body: MessageBody, { stamp, message }: Reception): State {
  if (!message.source.includes('!')) return withLine(state, key, stamp, body);
  const isPrivate = state.conversations.get(key)?.kind === 'private';
  return withLine(state, key, stamp, body, isPrivate || body.isMention ? 'mention' : 'unread');
}

/** Ends the waiting of the own message that this is the echo of; adds it if it was said elsewhere. */
function echoed(state: State, key: string, echo: MessageBody, { stamp, label }: Reception): State {
  const isEchoed = ({ body }: Line): boolean =>
    body.kind === 'message' &&
    body.delivery === 'waiting' &&
    (label === '' ? body.text === echo.text && body.style === echo.style : body.label === label);
  const settled = withChangedLine(state, key, isEchoed, ({ id }) => ({ ...stamp, id, body: echo }));
  return settled ?? withLine(state, key, stamp, echo);
}

/** A message that is sent again, for instance after a lost connection, is shown once. */
function isKnown(state: State, key: string, { messageId }: Stamp): boolean {
  return messageId !== '' && state.conversations.get(key)?.lines.some((line) => line.messageId === messageId) === true;
}

/** A message that the page does not show is not its business. */
const redacted: Handler = (state, reception) => {
  const { message, param } = reception;
  const { key } = placeOfMessage(state, reception);
  const isMeant = (line: Line): boolean => line.messageId === param(1);
  const next = withChangedLine(state, key, isMeant, (line) => takenBack(line, message)) ?? state;
  const hits = state.search.hits.filter(({ messageId }) => messageId !== param(1));
  return hits.length === state.search.hits.length ? next : { ...next, search: { ...state.search, hits } };
};

export const HANDLERS: Readonly<Record<string, Handler>> = {
  PRIVMSG: said,
  NOTICE: said,
  REDACT: redacted,
  TAGMSG: (state) => state,
};
