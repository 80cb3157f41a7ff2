/** Messages: others', and the echoes of the user's own. */
import { isRoomName } from '../irc/features.js';
import { actionOf } from '../irc/outgoing.js';
import { keyOf, opened, withChangedLine, withLine } from './conversations.js';
import { mentions } from './mention.js';
import { type LineBody, type MessageBody, SERVER_KEY, type State } from './model.js';
import type { Handler, Reception } from './reception.js';

const said: Handler = (state, reception) => {
  const { message, param, isOwn } = reception;
  const text = param(1);
  const action = actionOf(text);
  // Other CTCP questions are for clients, and this one answers none: what it is and where it runs is nobody's business.
  if (action === null && text.startsWith('\x01')) return state;
  const { key, name, audience } = placeOfMessage(state, reception);
  const body: MessageBody = {
    kind: 'message',
    style: message.command === 'NOTICE' ? 'notice' : action === null ? 'text' : 'action',
    from: message.nick,
    text: action ?? text,
    isOwn,
    isMention: !isOwn && mentions(text, state.nick),
    audience,
    delivery: 'sent',
    label: '',
    messageId: message.tags.get('msgid') ?? '',
    redaction: null,
    problem: null,
  };
  const open = name === '' ? state : opened(state, name);
  if (isKnown(open, key, body.messageId)) return open;
  return isOwn ? echoed(open, key, body, reception) : heard(open, key, body, reception);
};

/** Where a message is shown. What the server says, and notices of people one does not talk to, open no conversation. */
function placeOfMessage(
  state: State,
  { message, param, isOwn }: Reception,
): { readonly key: string; readonly name: string; readonly audience: string } {
  const target = param(0);
  const audience = state.features.statusSigns.includes(target.charAt(0)) ? target.charAt(0) : '';
  const room = target.slice(audience.length);
  if (isRoomName(state.features, room)) {
    const key = keyOf(state, room);
    return { key: state.conversations.has(key) ? key : SERVER_KEY, name: '', audience };
  }
  const name = isOwn ? target : message.nick;
  const key = keyOf(state, name);
  const isPerson = message.source.includes('!') || isOwn;
  const opens = isPerson && (message.command === 'PRIVMSG' || isOwn);
  if (opens || state.conversations.has(key)) return { key, name, audience: '' };
  return { key: SERVER_KEY, name: '', audience: '' };
}

function heard(state: State, key: string, body: MessageBody, { atMs, message }: Reception): State {
  if (!message.source.includes('!')) return withLine(state, key, atMs, body);
  const isPrivate = state.conversations.get(key)?.kind === 'private';
  return withLine(state, key, atMs, body, isPrivate || body.isMention ? 'mention' : 'unread');
}

/** Ends the waiting of the own message that this is the echo of; adds it if it was said elsewhere. */
function echoed(state: State, key: string, echo: MessageBody, { atMs, label }: Reception): State {
  const isEchoed = (body: LineBody): boolean =>
    body.kind === 'message' &&
    body.delivery === 'waiting' &&
    (label === '' ? body.text === echo.text && body.style === echo.style : body.label === label);
  const settled = withChangedLine(state, key, isEchoed, ({ id }) => ({ id, atMs, body: echo }));
  return settled ?? withLine(state, key, atMs, echo);
}

/** A message that is sent again, for instance after a lost connection, is shown once. */
function isKnown(state: State, key: string, messageId: string): boolean {
  if (messageId === '') return false;
  const lines = state.conversations.get(key)?.lines ?? [];
  return lines.some(({ body }) => body.kind === 'message' && body.messageId === messageId);
}

/** A message that the page does not show is not its business. */
const redacted: Handler = (state, reception) => {
  const { message, param } = reception;
  const { key } = placeOfMessage(state, reception);
  const redaction = { by: message.nick, reason: param(2) };
  const isMeant = (body: LineBody): boolean => body.kind === 'message' && body.messageId === param(1);
  const next = withChangedLine(state, key, isMeant, (line) =>
    line.body.kind === 'message' ? { ...line, body: { ...line.body, redaction } } : line,
  );
  return next ?? state;
};

export const HANDLERS: Readonly<Record<string, Handler>> = {
  PRIVMSG: said,
  NOTICE: said,
  REDACT: redacted,
  TAGMSG: (state) => state,
};
