/** The state after a line from the server: the handlers of all commands in one table. */
import { type Incoming, timeOf } from '../irc/incoming.js';
import * as marks from './marks.js';
import { isSame, type State } from './model.js';
import { collected } from './multiline.js';
import * as account from './received-account.js';
import { withDevice } from './received-devices.js';
import * as history from './received-history.js';
import * as members from './received-members.js';
import * as replies from './received-replies.js';
import * as session from './received-session.js';
import * as speech from './received-speech.js';
import type { Handler, Reception } from './reception.js';
import { peopleWanted } from './scrollback.js';
import * as search from './search.js';

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>(
  Object.entries({
    ...session.HANDLERS,
    ...members.HANDLERS,
    ...speech.HANDLERS,
    ...replies.HANDLERS,
    ...account.HANDLERS,
    ...history.HANDLERS,
    ...marks.HANDLERS,
    ...search.HANDLERS,
  }),
);

/** The end of the message of the day, or that there is none: the server has said by then what it can do. */
const WELCOME_ENDS = new Set(['376', '422']);

/** The commands with which a service answers, or a server that has none. */
const SERVICE_ANSWER = /^(NOTICE|FAIL|[45]\d\d)$/;

/** Returns the state after a line. An unknown command is shown rather than lost; a known one never fails. */
export function received(before: State, line: Incoming, nowMs: number): State {
  const { state, message } = collected(before, line) ?? { state: before, message: line };
  if (message === null) return state;
  const answered = history.withAnswer(state, message);
  if (answered !== null) return answered;
  const label = message.tags.get('label') ?? state.batches.get(message.tags.get('batch') ?? '') ?? '';
  const reception: Reception = {
    message,
    stamp: { atMs: timeOf(message, nowMs), messageId: message.tags.get('msgid') ?? '' },
    label,
    isOwn: message.nick !== '' && isSame(state, message.nick, state.nick),
    param: (index) => message.params[index] ?? '',
  };
  const { command } = message;
  if (label !== '' && SERVICE_ANSWER.test(command)) {
    if (label === state.login.asked) return account.answered(state, message);
    if (label === state.devices.asked) return withDevice(state, message);
  }
  // A failure belongs to what has failed (IRCv3 standard-replies).
  const name = command === 'FAIL' ? `FAIL ${reception.param(0)}` : command;
  const next = (HANDLERS.get(name) ?? replies.handleOther)(state, reception);
  return WELCOME_ENDS.has(command) && !next.hasAskedPeople ? peopleWanted(next) : next;
}
