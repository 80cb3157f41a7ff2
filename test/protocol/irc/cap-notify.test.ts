/** CAP NEW and CAP DEL: IRCv3 capability-negotiation, "cap-notify"; sasl-3.2, "Integration with cap-notify". */
import { expect, test } from 'vitest';
import { type AccountSettings, DEFAULT_ACCOUNT_SETTINGS } from '../../../src/accounts/account-service.js';
import { loadConfig } from '../../../src/server/config/load.js';
import { type IrcTestServer, numerics, startIrc } from './irc-client.js';

/** A server whose accounts change with the next REHASH. */
async function startChanging(): Promise<{
  readonly server: IrcTestServer;
  readonly change: (accounts: Partial<AccountSettings> | null) => Promise<void>;
}> {
  const base = await loadConfig({ ircPort: 0, without: ['plain'] });
  const operators = [{ name: 'root', password: 'pw', masks: ['*@*'], host: null }];
  let accounts: AccountSettings | null = DEFAULT_ACCOUNT_SETTINGS;
  const server = await startIrc({
    irc: { operators },
    readConfig: () => Promise.resolve({ ...base, irc: { ...base.irc, operators, accounts } }),
  });
  const boss = await server.client('boss');
  await boss.ask('OPER root pw');
  return {
    server,
    change: async (changes) => {
      accounts = changes === null ? null : { ...DEFAULT_ACCOUNT_SETTINGS, ...changes };
      await boss.ask('REHASH');
    },
  };
}

test('clients with cap-notify hear when mechanisms change, go and come back, and the others hear nothing', async () => {
  const { server, change } = await startChanging();
  const ann = await server.client('ann', { caps: 'cap-notify sasl draft/account-registration' });
  const bob = await server.client('bob');
  await change({ mechanisms: ['PLAIN'] });
  expect(await ann.heard()).toEqual([':fdmux.local CAP ann NEW :sasl=PLAIN']);
  expect(numerics(await ann.ask('AUTHENTICATE EXTERNAL'), '908')).toEqual(['908 PLAIN :are available SASL mechanisms']);
  await change(null);
  expect(await ann.heard()).toEqual([':fdmux.local CAP ann DEL :sasl draft/account-registration']);
  expect(await ann.ask('CAP LIST', 'CAP REQ sasl')).toEqual([
    ':fdmux.local CAP ann LIST :cap-notify',
    ':fdmux.local CAP ann NAK :sasl',
  ]);
  await change({ registration: false });
  expect(await ann.heard()).toEqual([':fdmux.local CAP ann NEW :sasl=PLAIN,EXTERNAL,SCRAM-SHA-256']);
  expect(await ann.ask('CAP REQ :sasl', 'AUTHENTICATE PLAIN')).toEqual([
    ':fdmux.local CAP ann ACK :sasl',
    'AUTHENTICATE +',
  ]);
  await change({ registration: false });
  expect(await ann.heard()).toEqual([]);
  expect(await bob.heard()).toEqual([]);
});

test('an account that somebody is logged in to stays its own when accounts are switched off', async () => {
  const { server, change } = await startChanging();
  const ann = await server.client('ann');
  await ann.ask('REGISTER * * sesame');
  await change(null);
  expect(numerics(await ann.ask('WHOIS ann'), '330')).toEqual(['330 ann ann :is logged in as']);
});
