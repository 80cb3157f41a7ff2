/** The steps by which the server gets to know the user, and when they are taken. */
import type { Failure, Login, State } from './model.js';

export function changedLogin(state: State, login: Partial<Login>): State {
  return { ...state, login: { ...state.login, ...login } };
}

/** Whether the server knows accounts that one can log in to. */
export const hasAccounts = ({ capabilities }: State): boolean => capabilities.has('sasl');

/** Returns the server's terms for making accounts; null if it makes none. */
export function registrationOf({ offered }: State): { readonly isEarly: boolean; readonly needsMail: boolean } | null {
  const value = offered.get('draft/account-registration');
  if (value === undefined) return null;
  const keys = value.split(',').map((each) => each.split('=', 1)[0]);
  return { isEarly: keys.includes('before-connect'), needsMail: keys.includes('email-required') };
}

/** The capabilities are agreed on: what can be done before the registration ends is done now. */
export function loginBegun(state: State): State {
  const { wish } = state.login;
  if (state.link.kind !== 'registering' || wish === 'guest') return state;
  const canLogIn = wish === 'log-in' && hasAccounts(state);
  const registration = wish === 'sign-up' ? registrationOf(state) : null;
  if (canLogIn || registration?.isEarly === true) return changedLogin(state, { step: 'running', failure: null });
  if (registration !== null) return state;
  return failedLogin(state, { code: 'NO_ACCOUNTS', text: '' });
}

/** Registered: an account that could not be made before is made now. */
export function loginAfterWelcome(state: State): State {
  const { wish, step } = state.login;
  return wish === 'sign-up' && step === 'idle' ? changedLogin(state, { step: 'running', failure: null }) : state;
}

/** Refusals that say nothing about the password: a page that was logged in goes on trying. */
const PASSING = new Set(['TRY_LATER', 'TEMPORARILY_UNAVAILABLE', 'STORE_UNAVAILABLE']);

/** In the chat the user reads why; before it, the form returns. */
export function failedLogin(state: State, failure: Failure): State {
  if (state.link.kind === 'registering') {
    if (state.wasOnline && PASSING.has(failure.code)) return { ...state, link: { kind: 'waiting', retryAtMs: 0 } };
    const idle = changedLogin(state, { step: 'idle', failure: null });
    return { ...idle, link: { kind: 'idle' }, failure };
  }
  return changedLogin(state, { step: 'idle', wish: state.account === '' ? 'guest' : 'log-in', failure });
}
