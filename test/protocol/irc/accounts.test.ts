/** Accounts as others see them, and what happens to those who use one that is erased. */
import { expect, test } from 'vitest';
import { DEFAULT_ACCOUNT_SETTINGS } from '../../../src/accounts/account-service.js';
import { Accounts } from '../../../src/accounts/accounts.js';
import { MemoryAccounts } from '../../../src/accounts/memory-accounts.js';
import { ObservedAccounts } from '../../../src/accounts/observed-accounts.js';
import { foldCase } from '../../../src/chat/case-mapping.js';
import { Chat } from '../../../src/chat/chat.js';
import { IrcSession } from '../../../src/protocol/irc/session.js';
import { DEFAULT_IRC_SETTINGS } from '../../../src/protocol/irc/settings.js';
import { IrcState } from '../../../src/protocol/irc/shared-state.js';
import { accountOf } from '../../accounts/book.js';
import { FakeLink } from '../fake-link.js';
import { SILENT_CONTROL } from '../silent-control.js';
import { numerics, startIrc, tagsOf, untagged } from './irc-client.js';

const CERTIFICATE = 'ab'.repeat(32);

/** A server without a kernel, with one account that has a certificate. */
async function startWithAccount(): Promise<{
  readonly accounts: ObservedAccounts;
  readonly enter: (...lines: readonly string[]) => Promise<FakeLink>;
}> {
  const book = new MemoryAccounts();
  await book.add(accountOf('Ann', { credentials: [{ kind: 'certfp', data: CERTIFICATE }] }), 10);
  const service = new Accounts({ book, settings: DEFAULT_ACCOUNT_SETTINGS, fold: foldCase });
  const accounts = new ObservedAccounts(service, (ask) => ask());
  const server = new IrcState({
    chat: new Chat(),
    settings: DEFAULT_IRC_SETTINGS,
    control: SILENT_CONTROL,
    version: '0',
    accounts,
  });
  const enter = async (...lines: readonly string[]): Promise<FakeLink> => {
    const link = new FakeLink();
    link.certificate = CERTIFICATE;
    const session = new IrcSession(link, { server, charset: 'utf-8' });
    session.receive(Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
    // A line runs when the one before it has been answered.
    for (let left = lines.length; left > 0; left -= 1) {
      await new Promise(setImmediate);
      session.wake();
    }
    return link;
  };
  return { accounts, enter };
}

test('an account that is erased logs all of its devices out, also one that has not registered yet', async () => {
  const { accounts, enter } = await startWithAccount();
  const login = ['CAP REQ :sasl', 'AUTHENTICATE EXTERNAL', 'AUTHENTICATE +'];
  const devices = [
    await enter('NICK one', ...login, 'USER a 0 * :A', 'CAP END', 'JOIN #a'),
    await enter('NICK two', ...login, 'USER a 0 * :A', 'CAP END', 'JOIN #a'),
    await enter('NICK three', ...login),
  ];
  const watcher = await enter('CAP REQ :account-notify', 'NICK eve', 'USER e 0 * :E', 'CAP END', 'JOIN #a');
  for (const link of devices) expect(link.takeText()).toMatch(/ 900 \S+ \S+ Ann :/);
  watcher.takeText();
  expect(await accounts.erase('ANN')).toEqual({ kind: 'erased', account: 'Ann' });
  // The second one goes on as the member of the first.
  expect(devices.map((link) => link.takeLines())).toEqual(
    ['one one!a', 'one one!a', '* three!*'].map((who) => [`:fdmux.local 901 ${who}@127.0.0.1 :You are now logged out`]),
  );
  expect(watcher.takeLines()).toEqual([':one!a@127.0.0.1 ACCOUNT *']);
  expect(await accounts.erase('ann')).toEqual({ kind: 'none' });
});

test('others see the account in JOIN, WHO, WHOIS and in a tag, and it stays with another nick', async () => {
  const server = await startIrc();
  const caps = 'extended-join account-tag account-notify';
  const eve = await server.client('eve', { caps, join: '#a' });
  const ann = await server.client('ann');
  await ann.ask('REGISTER * * sesame', 'JOIN #a');
  expect(untagged(await eve.heard())).toEqual([':ann!ann@127.0.0.1 JOIN #a ann :Real ann']);
  await ann.ask('NICK other', 'PRIVMSG #a :hello');
  expect((await eve.heard()).map((line) => tagsOf(line)['account'])).toEqual(['ann', 'ann']);
  expect(numerics(await eve.ask('WHO #a %na'))).toContain('354 other ann');
  expect(numerics(await eve.ask('WHOIS other'), '330')).toEqual(['330 other ann :is logged in as']);
  expect(numerics(await eve.ask('WHOIS eve'), '330')).toEqual([]);
});

test('somebody who follows from elsewhere hears of the account as well (extended-monitor)', async () => {
  const server = await startIrc();
  const eve = await server.client('eve', { caps: 'account-notify extended-monitor' });
  const ann = await server.client('ann');
  await eve.ask('MONITOR + ann');
  await ann.ask('REGISTER * * sesame');
  expect(await eve.heard()).toEqual([':ann!ann@127.0.0.1 ACCOUNT ann']);
});
