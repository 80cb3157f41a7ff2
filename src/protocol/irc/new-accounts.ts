/** What holds for new accounts, whichever command makes them. */
import type {
  RegisterAsk,
  RegisterOutcome,
  RegistrationRefusal,
  VerifyOutcome,
} from '../../accounts/account-service.js';
import { isReservedNick } from '../reserved-nicks.js';
import type { Client } from './client.js';
import { logIn, type LoginChange } from './login.js';
import { isNick } from './names.js';
import type { Wait } from './outcome.js';

/** Why no account is made or confirmed, in words. */
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

/** What a command is given for a new account. */
type Wanted = Pick<RegisterAsk, 'name' | 'email' | 'password' | 'nick' | 'refusedNick'>;

/** Makes an account for a client. */
export function makeAccount(client: Client, wanted: Wanted): Promise<RegisterOutcome> {
  const { server, source, limits } = client;
  const work = server.accounts.register({
    ...{ ...wanted, source, maxDelayMs: limits.maxPasswordDelayMs, accountsPerHour: limits.accountsPerHour },
    mayBeNamed: (name) => judgeName(client, name),
  });
  return keepNick(client, work);
}

/** Gives back the code of an account. */
export function confirmAccount(client: Client, name: string, code: string): Promise<VerifyOutcome> {
  const { server, source, limits } = client;
  return keepNick(client, server.accounts.verify({ name, code, source, maxDelayMs: limits.maxPasswordDelayMs }));
}

/** Logs a client in to the account that it has made. */
export function* moveIn(client: Client, account: string): Generator<Wait, LoginChange> {
  const made = yield* logIn(client, account);
  // Whoever has made the account is logged in by now, and keeps the nick.
  client.server.chat.reserveNicks([account], true);
  return made;
}

/** Judges the name of an account that a client wants: it must be like a nick, and nobody else's. */
function judgeName({ server, member }: Client, name: string): ReturnType<RegisterAsk['mayBeNamed']> {
  const { directory, settings } = server;
  if (!isNick(name, settings) || isReservedNick(name, settings.reservedNicks, directory)) return 'malformed';
  return directory.isTaken(name, member) ? 'taken' : 'yes';
}

/** Keeps the nick of an account for it, although the client that has made it leaves before it hears of that. */
async function keepNick<T extends RegisterOutcome | VerifyOutcome>(client: Client, work: Promise<T>): Promise<T> {
  const outcome = await work;
  if (outcome.kind === 'registered' && client.isOver) client.server.chat.reserveNicks([outcome.account], true);
  return outcome;
}
