/** Clients that log in to accounts. */
import { DEFAULT_ACCOUNT_SETTINGS } from '../../../src/accounts/account-service.js';
import { useQuickHashes } from '../../support/quick-hashes.js';
import { plainLines } from '../../support/sasl.js';
import type { IrcClient } from './irc-client.js';
import { type IrcTestServer, numerics, startIrc } from './irc-client.js';

export const PASSWORD = 'sesame street';

/** Starts a server with accounts, whose hashes are cheap. */
export function startWithAccounts(irc = {}): Promise<IrcTestServer> {
  useQuickHashes();
  return startIrc({ irc: { accounts: DEFAULT_ACCOUNT_SETTINGS, ...irc } });
}

/** Makes an account for the nick of a new client, which is logged in to it. */
export async function signUp(server: IrcTestServer, nick: string, caps = 'account-notify'): Promise<IrcClient> {
  const client = await server.client(nick, { caps });
  await client.ask(`REGISTER * * :${PASSWORD}`);
  return client;
}

/** Opens a client that logs in by SASL before it has registered. @returns the client, and what it has heard */
export async function logIn(
  server: IrcTestServer,
  account: string,
  { nick = account, caps = '' }: { readonly nick?: string; readonly caps?: string } = {},
): Promise<{ readonly client: IrcClient; readonly heard: string[] }> {
  const client = await server.connect();
  client.send('CAP LS 302', `NICK ${nick}`, `USER ${nick} 0 * :Real ${nick}`, `CAP REQ :sasl ${caps}`);
  client.send(...plainLines(account, PASSWORD), 'CAP END');
  return { client, heard: await client.heard() };
}

/** The nick by which a client is welcomed. */
export const nickOf = (heard: readonly string[]): string | undefined =>
  heard.map((line) => / 001 (\S+) /.exec(line)?.[1]).find((nick) => nick !== undefined);

export { numerics };
