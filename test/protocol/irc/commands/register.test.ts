/** REGISTER: IRCv3 draft/account-registration. */
import { describe, expect, test, vi } from 'vitest';
import type { AccountSettings } from '../../../../src/accounts/account-service.js';
import { DEFAULT_ACCOUNT_SETTINGS } from '../../../../src/accounts/account-service.js';
import { MemoryAccounts } from '../../../../src/accounts/memory-accounts.js';
import { within } from '../../../support/deadline.js';
import { type IrcTestServer, numerics, startIrc } from '../irc-client.js';

const CAP = 'draft/account-registration';

const start = (accounts: Partial<AccountSettings> = {}, irc = {}): Promise<IrcTestServer> =>
  startIrc({ irc: { accounts: { ...DEFAULT_ACCOUNT_SETTINGS, ...accounts }, ...irc } });

/** Returns the FAIL codes of an answer, with what they are about. */
const failures = (lines: readonly string[]): string[] =>
  lines.map((line) => /^:fdmux\.local FAIL (.*?) :/.exec(line)?.[1] ?? line);

/** Returns the value with which a capability is offered; undefined if it is not. */
async function offer(server: IrcTestServer, name: string): Promise<string | undefined> {
  const client = await server.connect();
  const words = (await client.ask('CAP LS 302')).flatMap((line) => line.replace(/^.* LS (\* )?:/, '').split(' '));
  return words.find((word) => word.split('=', 1)[0] === name)?.slice(name.length + 1);
}

describe('REGISTER', () => {
  test('makes an account that is named like the nick, and logs in to it', async () => {
    const server = await start();
    const ann = await server.client('ann', { caps: CAP });
    expect(await ann.ask('REGISTER * * :two words')).toEqual([
      ':fdmux.local REGISTER SUCCESS ann :Your account is ready',
      ':fdmux.local 900 ann ann!ann@127.0.0.1 ann :You are now logged in as ann',
    ]);
    expect(failures(await ann.ask('REGISTER * * x'))).toEqual(['REGISTER ALREADY_AUTHENTICATED ann']);
    expect(failures(await ann.ask('VERIFY ann x'))).toEqual(['VERIFY ALREADY_AUTHENTICATED ann']);
    expect(numerics(await ann.ask('REGISTER * *'))).toEqual(['461 REGISTER :Not enough parameters']);
  });

  test('before-connect: works before the client has registered, as soon as it has a nick', async () => {
    const server = await start();
    expect(await offer(server, CAP)).toBe('before-connect');
    const bar = await server.connect();
    expect(failures(await bar.ask('CAP LS 302', 'REGISTER * * shivarampassphrase')).at(-1)).toBe(
      'REGISTER NEED_NICK *',
    );
    const lines = await bar.ask('NICK bar', 'REGISTER * * shivarampassphrase');
    expect(lines).toEqual([
      ':fdmux.local REGISTER SUCCESS bar :Your account is ready',
      ':fdmux.local 900 * bar!*@127.0.0.1 bar :You are now logged in as bar',
    ]);
    await bar.ask('USER bar 0 * :Bar', 'CAP END');
    expect(numerics(await bar.ask('WHOIS bar'), '330')).toHaveLength(1);
  });

  test.each([
    ['if it is switched off', { beforeConnect: false }, {}],
    ['if the server has a password', {}, { password: 'secret' }],
  ])('without before-connect it fails before the client has registered: %s', async (_, accounts, irc) => {
    const server = await start(accounts, irc);
    expect(await offer(server, CAP)).toBe('');
    const bar = await server.connect();
    const lines = await bar.ask('CAP LS', 'NICK bar', 'REGISTER * * shivarampassphrase', 'VERIFY bar x');
    expect(failures(lines).slice(1)).toEqual([
      'REGISTER COMPLETE_CONNECTION_REQUIRED *',
      'VERIFY COMPLETE_CONNECTION_REQUIRED *',
    ]);
  });

  test('a name that somebody has, as an account or as a nick, gets ACCOUNT_EXISTS', async () => {
    const server = await start({ customNames: true });
    const ann = await server.client('ann');
    await ann.ask('REGISTER * * one');
    await ann.ask('NICK other');
    const bob = await server.client('bob');
    for (const name of ['ann', 'ANN', 'other']) {
      expect(failures(await bob.ask(`REGISTER ${name} * pass`))).toEqual([`REGISTER ACCOUNT_EXISTS ${name}`]);
    }
    const eve = await server.connect();
    const lines = await eve.ask('CAP LS', 'NICK bob', 'REGISTER * * pass');
    expect(failures(lines).at(-1)).toBe('REGISTER ACCOUNT_EXISTS bob');
  });

  test('the nick is kept for an account whose maker leaves before it is ready', async () => {
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const accounts = new MemoryAccounts();
    const asked = new Promise<void>((resolve) => {
      const add = accounts.add.bind(accounts);
      vi.spyOn(accounts, 'add').mockImplementation(async (...args) => {
        resolve();
        await held;
        return add(...args);
      });
    });
    const server = await startIrc({ accounts, irc: { accounts: DEFAULT_ACCOUNT_SETTINGS } });
    const [ann, bob] = [await server.client('ann'), await server.client('bob')];
    await bob.ask('MONITOR + ann');
    ann.send('REGISTER * * :sesame');
    await within(asked, 'the account is about to be kept');
    ann.peer.socket.destroy();
    expect(await bob.line()).toMatch(/ 731 bob :ann$/);
    goOn();
    expect(numerics(await bob.ask('NICK ann'), '433')).toHaveLength(1);
  });

  test('custom-account-name: without it the name must be the nick', async () => {
    const strict = await (await start()).client('ann');
    expect(failures(await strict.ask('REGISTER other * pass'))).toEqual(['REGISTER ACCOUNT_NAME_MUST_BE_NICK other']);
    const server = await start({ customNames: true });
    expect(await offer(server, CAP)).toBe('before-connect,custom-account-name');
    const ann = await server.client('ann');
    expect(failures(await ann.ask('REGISTER 1st * pass'))).toEqual(['REGISTER BAD_ACCOUNT_NAME 1st']);
    expect((await ann.ask('REGISTER other * pass'))[0]).toMatch(/ REGISTER SUCCESS other /);
  });

  test('a password is too short, is the name, or is too long', async () => {
    const ann = await (await start({ minPasswordLength: 8 })).client('annabella');
    expect(failures(await ann.ask('REGISTER * * 1234567'))).toEqual(['REGISTER WEAK_PASSWORD annabella']);
    expect(failures(await ann.ask('REGISTER * * ANNABELLA'))).toEqual(['REGISTER WEAK_PASSWORD annabella']);
    expect(failures(await ann.ask(`REGISTER * * ${'x'.repeat(301)}`))).toEqual([
      'REGISTER UNACCEPTABLE_PASSWORD annabella',
    ]);
  });

  test('email-required: an address must be there, and must be one', async () => {
    const server = await start({ requireEmail: true });
    expect(await offer(server, CAP)).toBe('before-connect,email-required');
    const ann = await server.client('ann');
    for (const address of ['*', 'ann', '-oX@example.org', 'a@b,c@d', 'a..b@example.org']) {
      expect(failures(await ann.ask(`REGISTER * ${address} pass`))).toEqual(['REGISTER INVALID_EMAIL ann']);
    }
    expect((await ann.ask('REGISTER * ann@example.org pass'))[0]).toMatch(/ REGISTER SUCCESS ann /);
  });

  test('one address makes only so many accounts in an hour, and a server has only so many', async () => {
    const busy = await startIrc({ limits: { accountsPerHour: 1 } });
    await (await busy.client('ann')).ask('REGISTER * * pass');
    expect(failures(await (await busy.client('bob')).ask('REGISTER * * pass'))).toEqual([
      'REGISTER TEMPORARILY_UNAVAILABLE bob',
    ]);
    const small = await start({ maxAccounts: 1 });
    await (await small.client('ann')).ask('REGISTER * * pass');
    expect(failures(await (await small.client('bob')).ask('REGISTER * * pass'))).toEqual([
      'REGISTER TEMPORARILY_UNAVAILABLE bob',
    ]);
  });

  test('neither it nor sasl is offered if there are no accounts', async () => {
    const server = await startIrc({ irc: { accounts: null } });
    expect(await offer(server, CAP)).toBeUndefined();
    expect(await offer(server, 'sasl')).toBeUndefined();
    const ann = await server.client('ann');
    expect(failures(await ann.ask('REGISTER * * x'))).toEqual(['REGISTER TEMPORARILY_UNAVAILABLE *']);
    expect(await ann.ask('CAP REQ sasl')).toEqual([':fdmux.local CAP ann NAK :sasl']);
    expect(numerics(await ann.ask('AUTHENTICATE PLAIN'))).toEqual(['904 :SASL authentication failed']);
  });
});
