/** Lines about the session itself: capabilities, registration, limits, batches, the end. */
import { withTokens } from '../irc/features.js';
import { changed, withChangedLine, withLine } from './conversations.js';
import { loginAfterWelcome, loginBegun } from './login.js';
import { isSame, SERVER_KEY, type State } from './model.js';
import { queuedIn } from './own-messages.js';
import { alternativeNick } from './own-nick.js';
import type { Handler, Reception } from './reception.js';

const capabilities: Handler = (state, { param }) => {
  const names = param(param(2) === '*' ? 3 : 2)
    .split(' ')
    .filter((name) => name !== '');
  switch (param(1).toUpperCase()) {
    case 'LS':
    case 'NEW': {
      const offered = new Map(state.offered);
      for (const name of names) offered.set(name.split('=', 1)[0] ?? '', name.split('=').slice(1).join('='));
      return { ...state, offered };
    }
    case 'ACK':
      return loginBegun(withCapabilities(state, names));
    case 'NAK':
      return loginBegun(state);
    case 'DEL':
      return withCapabilities(
        state,
        names.map((name) => `-${name}`),
      );
    default:
      return state;
  }
};

function withCapabilities(state: State, names: readonly string[]): State {
  const next = new Set(state.capabilities);
  for (const name of names) {
    if (name.startsWith('-')) next.delete(name.slice(1));
    else next.add(name);
  }
  return { ...state, capabilities: next };
}

/** Registered. Waiting messages to people leave now; those to rooms leave when the rooms are joined again. */
const welcomed: Handler = (state, { param, stamp }) => {
  let next: State = { ...state, link: { kind: 'online' }, wasOnline: true, failure: null, nick: param(0) };
  for (const [key, conversation] of state.conversations) {
    next =
      withChangedLine(
        next,
        key,
        ({ body }) => body.kind === 'gap',
        (line) =>
          line.body.kind === 'gap' && line.body.backAtMs === null
            ? { ...line, body: { kind: 'gap', backAtMs: stamp.atMs } }
            : line,
      ) ?? next;
    if (conversation.kind === 'private') next = withQueuedSent(next, key);
  }
  return loginAfterWelcome(next);
};

/** Marks what waited for a connection as sent; its lines are sent at the same time. */
export function withQueuedSent(state: State, key: string): State {
  const conversation = state.conversations.get(key);
  if (conversation === undefined || queuedIn(conversation).length === 0) return state;
  const delivery = state.capabilities.has('echo-message') ? 'waiting' : 'sent';
  return changed(state, key, ({ lines }) => ({
    lines: lines.map((line) =>
      line.body.kind === 'message' && line.body.delivery === 'queued'
        ? { ...line, body: { ...line.body, delivery } }
        : line,
    ),
  }));
}

const limits: Handler = (state, { message }) => ({
  ...state,
  features: withTokens(state.features, message.params.slice(1, -1)),
});

const batches: Handler = (state, { message, param, label }) => {
  const reference = param(0).slice(1);
  const open = new Map(state.batches);
  if (param(0).startsWith('-')) open.delete(reference);
  else if (message.tags.has('label') || message.tags.has('batch')) open.set(reference, label);
  return { ...state, batches: open };
};

/** Returns to the sign-in form with the reason. */
function failed(state: State, code: string, text: string): State {
  return { ...state, link: { kind: 'idle' }, failure: { code, text } };
}

/** A nick that cannot be had: before the first welcome the user chooses another, after it one stands in. */
function nickRefused(otherwise: Handler): Handler {
  return (state, reception) => {
    if (state.link.kind !== 'registering') return otherwise(state, reception);
    if (state.wasOnline) return { ...state, nick: alternativeNick(state.nick, state.features.nickLength) };
    return failed(state, reception.message.command, reception.message.params.at(-1) ?? '');
  };
}

/** The server lets this user in with a password only, or not at all. Trying again by itself would help nobody. */
function refused(otherwise: Handler): Handler {
  return (state, reception) =>
    state.link.kind === 'registering'
      ? failed(state, reception.message.command, reception.message.params.at(-1) ?? '')
      : otherwise(state, reception);
}

const asError = (state: State, { message, stamp }: Reception): State =>
  withLine(state, state.current, stamp, { kind: 'error', code: message.command, params: message.params.slice(1) });

/** How the server ends a connection that the owner of its account has logged out on another device. */
const LOGGED_OUT = '(Logged out by another client)';

const ended: Handler = (state, { param, stamp }) => {
  // The page would only log in again.
  if (param(0).endsWith(LOGGED_OUT)) return failed(state, 'LOGGED_OUT', param(0));
  if (state.link.kind === 'registering' && !state.wasOnline) return failed(state, 'ERROR', param(0));
  return withLine(state, SERVER_KEY, stamp, { kind: 'error', code: 'ERROR', params: [param(0)] });
};

/** An operator has removed somebody. If it is the user, coming back by itself would be against the operator's will. */
const killed: Handler = (state, { param }) =>
  isSame(state, param(0), state.nick) ? failed(state, 'KILL', param(1)) : state;

const ignored: Handler = (state) => state;

export const HANDLERS: Readonly<Record<string, Handler>> = {
  CAP: capabilities,
  PING: ignored,
  PONG: ignored,
  ACK: ignored,
  BATCH: batches,
  ERROR: ended,
  KILL: killed,
  '001': welcomed,
  '005': limits,
  '431': nickRefused(asError),
  '432': nickRefused(asError),
  '433': nickRefused(asError),
  '436': nickRefused(asError),
  '464': refused(asError),
  '465': refused(asError),
};
