/** The state after a line from the server: the handlers of all commands in one table. */
import { type Incoming, timeOf } from '../irc/incoming.js';
import { isSame, type State } from './model.js';
import { collected } from './multiline.js';
import * as members from './received-members.js';
import * as replies from './received-replies.js';
import * as session from './received-session.js';
import * as speech from './received-speech.js';
import type { Handler, Reception } from './reception.js';

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>(
  Object.entries({
    ...session.HANDLERS,
    ...members.HANDLERS,
    ...speech.HANDLERS,
    ...replies.HANDLERS,
  }),
);

/** Returns the state after a line. An unknown command is shown rather than lost; a known one never fails. */
export function received(before: State, line: Incoming, nowMs: number): State {
  const { state, message } = collected(before, line) ?? { state: before, message: line };
  if (message === null) return state;
  const label = message.tags.get('label') ?? state.batches.get(message.tags.get('batch') ?? '') ?? '';
  const reception: Reception = {
    message,
    atMs: timeOf(message, nowMs),
    label,
    isOwn: message.nick !== '' && isSame(state, message.nick, state.nick),
    param: (index) => message.params[index] ?? '',
  };
  const handle = HANDLERS.get(message.command) ?? replies.handleOther;
  return handle(state, reception);
}
