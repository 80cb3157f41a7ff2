/** Logging a client in to an account, and out of it, whatever has shown that the account is its own. */
import type { Client } from './client.js';
import { outcomeOf, type Wait } from './outcome.js';

/**
 * Logs a client in. Those who may know hear of it; one that has not registered yet arrives logged in.
 *
 * @returns false if a log has not taken it; then the client has got no answer
 */
export function* logIn(client: Client, account: string): Generator<Wait, boolean> {
  const isIn = yield* change(client, account, () => {
    replyLoggedIn(client, account);
  });
  if (isIn) replyLoggedIn(client, account);
  return isIn;
}

/** Logs a client out. @returns false if a log has not taken it; then the client has got no answer */
export function* logOut(client: Client): Generator<Wait, boolean> {
  const isOut = yield* change(client, null, () => {
    replyLoggedOut(client);
  });
  if (isOut) replyLoggedOut(client);
  return isOut;
}

/** @param belated - answers, if a log takes it when it was too late to answer the command */
function* change(client: Client, account: string | null, belated: () => void): Generator<Wait, boolean> {
  const { chat, entering } = client.server;
  const before = client.account;
  client.account = account;
  if (client.registration !== null) {
    if (account === null) entering.delete(client);
    else entering.add(client);
    return true;
  }
  const changed = yield* outcomeOf(
    chat.setAccount(client.member, account),
    client.afterAll((late) => {
      if (late?.kind !== 'account') return;
      client.account = account;
      belated();
    }),
  );
  // It may have been erased while the log was late.
  if (client.account !== account) return false;
  if (changed?.kind !== 'refused') return true;
  client.account = before;
  return false;
}

function replyLoggedIn(client: Client, account: string): void {
  client.reply('RPL_LOGGEDIN', client.mask, account, `You are now logged in as ${account}`);
}

function replyLoggedOut(client: Client): void {
  client.reply('RPL_LOGGEDOUT', client.mask, 'You are now logged out');
}
