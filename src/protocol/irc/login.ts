/** Logging a client in to an account, and out of it, whatever has shown that the account is its own. */
import type { Client } from './client.js';
import { outcomeOf, type Wait } from './outcome.js';

/**
 * Whether a client has another account by now. It has not if a log was late, or if other clients share its member: all
 * of them would get that account, whose password they have not given. Then it has got no answer.
 */
export type LoginChange = 'done' | 'not-taken' | 'shared';

/** Why a client that shares its member keeps its account. */
export const SHARED_TEXT = 'Other connections share your nick and have this account: disconnect, or log them out first';

/** Logs a client in. Others hear of it if they may; one that has not registered yet arrives logged in. */
export function* logIn(client: Client, account: string): Generator<Wait, LoginChange> {
  const made = yield* change(client, account, () => {
    replyLoggedIn(client, account);
  });
  if (made === 'done') replyLoggedIn(client, account);
  return made;
}

/** Logs a client out. */
export function* logOut(client: Client): Generator<Wait, LoginChange> {
  const made = yield* change(client, null, () => {
    replyLoggedOut(client);
  });
  if (made === 'done') replyLoggedOut(client);
  return made;
}

/** Whether a client may change its account: only one that shares its member with no other. */
export function mayChangeAccount({ member, registration, server }: Client): boolean {
  return registration !== null || !server.chat.isShared(member);
}

/** @param belated - answers, if a log takes it when it was too late to answer the command */
function* change(client: Client, account: string | null, belated: () => void): Generator<Wait, LoginChange> {
  const { chat, directory, entering } = client.server;
  if (client.registration !== null) {
    client.claim = account;
    if (account === null) entering.delete(client);
    else entering.add(client);
    return 'done';
  }
  const { account: before } = client.member;
  const isSame = before !== null && account !== null && directory.fold(before) === directory.fold(account);
  if (!isSame && !mayChangeAccount(client)) return 'shared';
  client.claim = account;
  const changed = yield* outcomeOf(
    chat.setAccount(client.member, account),
    client.afterAll((late) => {
      if (late?.kind === 'account') belated();
    }),
  );
  // It may have been erased while the log was late.
  if (client.claim !== account) return 'not-taken';
  client.claim = null;
  return changed?.kind === 'refused' ? 'not-taken' : 'done';
}

function replyLoggedIn(client: Client, account: string): void {
  client.reply('RPL_LOGGEDIN', client.mask, account, `You are now logged in as ${account}`);
}

function replyLoggedOut(client: Client): void {
  client.reply('RPL_LOGGEDOUT', client.mask, 'You are now logged out');
}
