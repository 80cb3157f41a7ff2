/** Logging in to an account (SASL), and making one (IRCv3 account-registration). */
import type { Incoming } from '../irc/incoming.js';
import { changedLogin, failedLogin } from './login.js';
import type { State } from './model.js';
import type { Handler } from './reception.js';

const loggedIn: Handler = (state, { param }) => changedLogin({ ...state, account: param(2) }, { account: param(2) });

const loggedOut: Handler = (state) => changedLogin({ ...state, account: '' }, { wish: 'guest' });

const succeeded: Handler = (state) => changedLogin(state, { step: 'idle', failure: null });

/** The server's words before the refusal are the reason for it. */
const explained: Handler = (state, { param, message }) =>
  changedLogin(state, {
    unverified: param(1) === 'VERIFICATION_REQUIRED' ? param(2) : '',
    failure: { code: param(1), text: message.params.at(-1) ?? '' },
  });

const refused: Handler = (state, { message }) => {
  const { step, failure, unverified } = state.login;
  if (step !== 'running') return state;
  // The account waits for its code: until it has that, the user is a guest.
  if (unverified !== '') return changedLogin(state, { wish: 'guest', step: 'code', failure: null });
  return failedLogin(state, failure ?? { code: message.command, text: message.params.at(-1) ?? '' });
};

/** REGISTER and VERIFY answer in the same words. From now on the account is there to log in to. */
const registered: Handler = (state, { param }) => {
  if (param(0) === 'SUCCESS') {
    const account = state.account === '' ? param(1) : state.account;
    return changedLogin(
      { ...state, account },
      { account, wish: 'log-in', step: 'idle', unverified: '', failure: null },
    );
  }
  if (param(0) !== 'VERIFICATION_REQUIRED') return state;
  return changedLogin(state, { wish: 'guest', step: 'code', unverified: param(1), failure: null });
};

const notRegistered: Handler = (state, { param, message }) =>
  failedLogin(state, { code: param(1), text: message.params.at(-1) ?? '' });

const notVerified: Handler = (state, { param, message }) =>
  changedLogin(state, { step: 'code', failure: { code: param(1), text: message.params.at(-1) ?? '' } });

const ignored: Handler = (state) => state;

/** Answers of NickServ to what the settings have asked stand there, and not in a conversation. */
export function answered(state: State, { command, params }: Incoming): State {
  const text = params.at(-1) ?? '';
  if (command !== 'NOTICE') {
    return changedLogin(state, { failure: { code: command === 'FAIL' ? (params[1] ?? '') : command, text } });
  }
  return changedLogin(state, { answer: `${state.login.answer} ${text}`.trim() });
}

export const HANDLERS: Readonly<Record<string, Handler>> = {
  '900': loggedIn,
  '901': loggedOut,
  '902': refused,
  '903': succeeded,
  '904': refused,
  '905': refused,
  '906': refused,
  '907': succeeded,
  '908': ignored,
  AUTHENTICATE: ignored,
  REGISTER: registered,
  VERIFY: registered,
  'FAIL AUTHENTICATE': explained,
  'FAIL REGISTER': notRegistered,
  'FAIL VERIFY': notVerified,
};
