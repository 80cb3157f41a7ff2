/** The rules for new accounts, whichever command makes them. */
import type { RegisterAsk, RegisterOutcome, VerifyOutcome } from '../../accounts/account-service.js';
import type { Client } from './client.js';
import { logIn, type LoginChange } from './login.js';
import type { Wait } from './outcome.js';

/** The data that a command is given for a new account. */
type Wanted = Pick<RegisterAsk, 'name' | 'email' | 'password' | 'nick' | 'refusedNick'>;

/** Makes an account for a client. */
export function makeAccount(client: Client, wanted: Wanted): Promise<RegisterOutcome> {
  const { server, source, limits } = client;
  const work = server.accounts.register({
    ...{ ...wanted, source, maxDelayMs: limits.maxPasswordDelayMs, accountsPerHour: limits.accountsPerHour },
    mayBeNamed: (name) => server.judgeName(name, client.member),
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
  // The client that has made the account is logged in by now, and keeps the nick.
  client.server.chat.reserveNicks([account], true);
  return made;
}

/** Keeps the nick of an account for it, although the client that has made it leaves before it hears of that. */
async function keepNick<T extends RegisterOutcome | VerifyOutcome>(client: Client, work: Promise<T>): Promise<T> {
  const outcome = await work;
  if (outcome.kind === 'registered' && client.isOver) client.server.chat.reserveNicks([outcome.account], true);
  return outcome;
}
