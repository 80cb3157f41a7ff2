/** Texts that people are sent about their accounts, whatever protocol they use. */
import type { LogInOutcome, RegistrationRefusal } from '../accounts/account-service.js';

export const UNAVAILABLE = 'Accounts cannot be read now, try again later';
export const BUSY = 'Too many passwords are being checked, try again later';

/** The texts about a login that has failed. */
export const LOGIN_FAILURES: Readonly<Record<Exclude<LogInOutcome['kind'], 'logged-in'>, string>> = {
  wrong: 'Wrong account or password',
  unconfirmed: 'This account is not verified yet',
  suspended: 'This account is suspended',
  busy: BUSY,
  unavailable: UNAVAILABLE,
};

/** The reasons why no account is made or confirmed, in words. */
export const REFUSALS: Readonly<Record<RegistrationRefusal | 'INVALID_CODE', string>> = {
  ACCOUNT_EXISTS: 'Somebody else has this name',
  BAD_ACCOUNT_NAME: 'This cannot be the name of an account: it must be like a nick',
  ACCOUNT_NAME_MUST_BE_NICK: 'The account must have the name of your nick',
  NEED_NICK: 'Choose a nick first',
  WEAK_PASSWORD: 'This password is too short, or is the name of the account',
  UNACCEPTABLE_PASSWORD: 'This password cannot be used: it is too long',
  INVALID_EMAIL: 'No mail can be sent to this address',
  TEMPORARILY_UNAVAILABLE: 'Accounts cannot be made now, try again later',
  INVALID_CODE: 'This code is wrong, or has expired',
};
