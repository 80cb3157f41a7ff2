/** NICKSERV and NS, and messages to NickServ. */
import { describe, expect, test } from 'vitest';
import { logIn, nickOf, PASSWORD, signUp, startWithAccounts } from '../account-clients.js';
import { type IrcClient, numerics, startIrc } from '../irc-client.js';

/** What the service has said in an answer. */
const said = (lines: readonly string[]): string[] =>
  lines
    .map((line) => /^(?:@\S+ )?:NickServ!NickServ@fdmux\.local NOTICE \S+ :(.*)$/.exec(line)?.[1])
    .filter((text) => text !== undefined);

const WRONG = 'Wrong account or password';

/** Whether a client of this nick logs in with a password. */
const canLogIn = async (client: IrcClient, account: string, password: string): Promise<boolean> =>
  said(await client.ask(`NS IDENTIFY ${account} ${password}`))[0] === `You are now logged in as ${account}`;

describe('NickServ', () => {
  test('makes an account, keeps the nick for it, and logs in and out', async () => {
    const server = await startWithAccounts();
    const ann = await server.client('ann', { caps: 'account-notify' });
    expect(said(await ann.ask('PRIVMSG NickServ :REGISTER sesame ann@mail.example'))).toEqual([
      'The account ann is yours, and the nick is kept for it',
      'You are now logged in as ann',
    ]);
    expect(said(await ann.ask('NS REGISTER other'))).toEqual(['You are logged in as ann already']);
    const out = await ann.ask('NS LOGOUT');
    expect(said(out)).toEqual(['You are now logged out']);
    expect(numerics(out, '901')).toHaveLength(1);
    // Whoever has not logged in may not use the nick.
    expect(out.find((line) => line.includes(' NICK '))).toMatch(/^:ann!ann@127\.0\.0\.1 NICK Guest\d+$/);
    expect(said(await ann.ask('NS IDENTIFY ann wrong'))).toEqual([WRONG]);
    expect(said(await ann.ask('NICKSERV IDENTIFY nobody sesame'))).toEqual([WRONG]);
    expect(said(await ann.ask('ns identify ann sesame'))).toEqual(['You are now logged in as ann']);
    expect(await ann.ask('NICK ann')).toHaveLength(1);
    expect(numerics(await ann.ask('WHOIS ann'), '330', '307')).toEqual([
      '330 ann ann :is logged in as',
      '307 ann :has identified for this nick',
    ]);
  });

  test('identifies for the nick in use by a password alone', async () => {
    const server = await startWithAccounts();
    const ann = await signUp(server, 'ann');
    await ann.ask('NS SET ENFORCE none');
    await ann.ask('QUIT').catch(() => []);
    const again = await server.client('ann');
    expect(said(await again.ask(`PRIVMSG NickServ@services :IDENTIFY ${PASSWORD}`))).toEqual([WRONG]);
    expect(said(await again.ask(`NS IDENTIFY :${PASSWORD}`))).toEqual(['You are now logged in as ann']);
  });

  test('says nothing to notices, is no member, and nobody reads what it is told', async () => {
    const server = await startWithAccounts();
    const [ann, bob] = [await server.client('ann', { caps: 'echo-message' }), await server.client('bob')];
    expect(await ann.ask('NOTICE NickServ :IDENTIFY x')).toEqual([]);
    expect(numerics(await bob.ask('NICK NickServ'), '432')).toHaveLength(1);
    expect((await ann.ask('PRIVMSG NickServ :INFO nobody')).every((line) => line.startsWith(':NickServ!'))).toBe(true);
    expect(await bob.heard()).toEqual([]);
  });

  test('explains its commands, and does not repeat what it does not know', async () => {
    const ann = await (await startWithAccounts()).client('ann');
    expect(said(await ann.ask('NS HELP'))[1]).toContain('IDENTIFY');
    expect(said(await ann.ask('NS'))[0]).toMatch(/^Commands/);
    expect(said(await ann.ask('PRIVMSG nickserv :help ghost'))[0]).toBe('GHOST <nick> [password]');
    expect((await ann.ask('NS hunter2')).join()).not.toContain('hunter2');
    expect(said(await ann.ask('NS IDENTIFY'))).toEqual(['Usage: IDENTIFY [account] <password>']);
    expect(said(await ann.ask('NS SET EMAIL x'))).toEqual(['Log in first: /msg NickServ IDENTIFY <password>']);
  });

  test('reports failures to programs, too', async () => {
    const ann = await (await startWithAccounts()).client('ann', { caps: 'standard-replies' });
    expect(await ann.ask('NS IDENTIFY ann x')).toEqual([
      `:fdmux.local FAIL NICKSERV LOGIN_FAILED :${WRONG}`,
      `:NickServ!NickServ@fdmux.local NOTICE ann :${WRONG}`,
    ]);
  });

  test('is there without accounts, and says so', async () => {
    const ann = await (await startIrc({ irc: { accounts: null } })).client('ann');
    expect(said(await ann.ask('NS REGISTER x'))).toEqual(['There are no accounts on this server']);
  });
});

describe('an account', () => {
  test('changes its password, by SET and by PASSWD', async () => {
    const server = await startWithAccounts();
    const ann = await signUp(server, 'ann');
    const other = await server.client('other');
    expect(said(await ann.ask('NS SET PASSWORD :new one'))).toEqual(['The password is changed']);
    expect(await canLogIn(other, 'ann', PASSWORD)).toBe(false);
    expect(await canLogIn(other, 'ann', ':new one')).toBe(true);
    expect(said(await ann.ask('NS PASSWD wrong third'))).toEqual([WRONG]);
  });

  test('shows its owner more than others', async () => {
    const server = await startWithAccounts();
    const ann = await signUp(server, 'ann');
    await ann.ask('NS SET EMAIL ann@mail.example');
    expect(said(await ann.ask('NS INFO'))).toContain('E-mail: ann@mail.example');
    const bob = await server.client('bob');
    const lines = said(await bob.ask('NS INFO ANN'));
    expect(lines[0]).toBe('Account: ann');
    expect(lines.join()).not.toContain('mail');
    expect(said(await bob.ask('NS INFO nobody'))).toEqual(['There is no account nobody']);
  });

  test('has certificates', async () => {
    const ann = await signUp(await startWithAccounts(), 'ann');
    const fingerprint = 'ab'.repeat(32);
    expect(said(await ann.ask('NS CERT ADD'))[0]).toMatch(/no certificate/);
    expect(said(await ann.ask('NS CERT ADD short'))[0]).toMatch(/64 hexadecimal/);
    expect(said(await ann.ask(`NS CERT ADD ${fingerprint.toUpperCase()}`))).toEqual([
      `You can log in with ${fingerprint}`,
    ]);
    expect(said(await ann.ask('NS CERT LIST'))).toEqual([fingerprint, 'Certificates: 1']);
    await ann.ask(`NS CERT DEL ${fingerprint}`);
    expect(said(await ann.ask('NS CERT LIST'))).toEqual(['Certificates: 0']);
  });

  test('is erased with all that it has', async () => {
    const server = await startWithAccounts();
    const ann = await signUp(server, 'ann');
    await ann.ask('JOIN #a', 'CS REGISTER #a', 'PART #a');
    expect(said(await ann.ask('NS DROP wrong'))).toEqual([WRONG]);
    const gone = await ann.ask(`NS DROP ann :${PASSWORD}`);
    expect(said(gone)).toEqual(['The account ann is erased']);
    expect(numerics(gone, '901')).toHaveLength(1);
    expect(numerics(await ann.ask('WHOIS ann'), '330')).toEqual([]);
    await ann.ask('NICK other');
    const bob = await server.client('ann');
    expect(numerics(await bob.ask('JOIN #a'), '353')).toEqual(['353 = #a :@ann']);
  });
});

describe('GHOST and REGAIN', () => {
  test('put out an old connection of the account', async () => {
    const server = await startWithAccounts();
    const old = await signUp(server, 'ann');
    const ann = await server.client('ann_');
    expect(said(await ann.ask('NS GHOST ann'))).toEqual(['Log in first, or give the password']);
    expect(said(await ann.ask('NS GHOST ann wrong'))).toEqual([WRONG]);
    expect(said(await ann.ask(`NS GHOST ann :${PASSWORD}`))).toEqual(['ann has been put out']);
    expect((await old.rest()).at(-1)).toMatch(/^ERROR .*Ghosted by ann_/);
    await ann.ask(`NS IDENTIFY ann :${PASSWORD}`);
    expect(said(await ann.ask('NS GHOST nobody'))).toEqual(['Nobody uses the nick nobody']);
    await server.client('bob');
    expect(said(await ann.ask('NS GHOST bob'))).toEqual(['The nick bob does not belong to your account']);
  });

  test('REGAIN gives the nick as well', async () => {
    const server = await startWithAccounts();
    const old = await signUp(server, 'ann');
    const ann = await server.client('ann_');
    const lines = await ann.ask(`NS REGAIN ann :${PASSWORD}`);
    expect(lines.at(-1)).toBe(':ann_!ann_@127.0.0.1 NICK ann');
    expect((await old.rest()).at(-1)).toMatch(/^ERROR /);
    expect(numerics(await ann.ask('WHOIS ann'), '330')).toHaveLength(1);
    expect(said(await ann.ask('NS REGAIN ANN'))).toEqual(['You have this nick already']);
    expect(said(await ann.ask('NS REGAIN #a'))).toEqual(['This is no nick']);
  });
});

describe('CLIENTS', () => {
  const listed = async (client: IrcClient): Promise<string[]> =>
    said(await client.ask('NS CLIENTS LIST')).map((line) => line.replace(/since \d{4}-\S+Z/, 'since DATE'));
  /** The numbers of the clients, that of the one who asks first. */
  const numbersFor = async (client: IrcClient): Promise<string[]> =>
    (await listed(client)).flatMap((line) => /^Client (\d+)/.exec(line)?.[1] ?? []);

  test('LIST shows every client of the account, and no other one', async () => {
    const server = await startWithAccounts();
    const ann = await signUp(server, 'ann');
    await logIn(server, 'ANN', { nick: 'ann' });
    await signUp(server, 'bob');
    const apart = await server.client('apart');
    await apart.ask(`NS IDENTIFY ann :${PASSWORD}`);
    const [own, shared, other] = await numbersFor(ann);
    expect(await listed(ann)).toEqual([
      `Client ${own} (this one): 127.0.0.1, not secure, since DATE, as ann`,
      `Client ${shared}: 127.0.0.1, not secure, since DATE, as ann`,
      `Client ${other}: 127.0.0.1, not secure, since DATE, as apart`,
      'Clients: 3',
    ]);
    expect(await numbersFor(apart)).toEqual([other, own, shared]);
  });

  test('LOGOUT puts out one that shares the member, which stays', async () => {
    const server = await startWithAccounts();
    const ann = await signUp(server, 'ann');
    const bob = await server.client('bob', { join: '#a' });
    await ann.ask('JOIN #a');
    await bob.heard();
    const { client: lost } = await logIn(server, 'ann');
    const [, number = ''] = await numbersFor(ann);
    expect(said(await ann.ask(`NS CLIENTS LOGOUT ${number}`))).toEqual([`Client ${number} is logged out`]);
    expect((await lost.rest()).at(-1)).toBe('ERROR :Closing Link: 127.0.0.1 (Logged out by another client)');
    expect(await bob.heard()).toEqual([]);
    expect(await listed(ann)).toHaveLength(2);
  });

  test('LOGOUT ALL logs out all but the one who asks; a member of its own stays as a guest', async () => {
    const server = await startWithAccounts();
    const ann = await signUp(server, 'ann');
    const { client: lost } = await logIn(server, 'ann');
    const apart = await server.client('apart');
    await apart.ask(`NS IDENTIFY ann :${PASSWORD}`);
    expect(said(await ann.ask('ns clients logout all'))).toEqual(['Clients logged out: 2']);
    expect((await lost.rest()).at(-1)).toMatch(/^ERROR .*Logged out by another client/);
    expect(numerics(await apart.heard(), '901')).toEqual(['901 apart!apart@127.0.0.1 :You are now logged out']);
    expect(numerics(await ann.ask('WHOIS apart'), '311', '330')).toHaveLength(1);
    expect(await listed(ann)).toHaveLength(2);
  });

  test('LOGOUT leaves the one who asks, and the clients of others', async () => {
    const server = await startWithAccounts();
    const ann = await signUp(server, 'ann', 'standard-replies');
    const bob = await signUp(server, 'bob');
    const [own = ''] = await numbersFor(ann);
    const [others = ''] = await numbersFor(bob);
    const failures = async (words: string): Promise<string[]> =>
      (await ann.ask(`NS CLIENTS ${words}`)).flatMap((line) => / FAIL NICKSERV (\S+)/.exec(line)?.[1] ?? []);
    expect(await failures(`LOGOUT ${own}`)).toEqual(['INVALID_PARAMS']);
    expect(await failures(`LOGOUT ${others}`)).toEqual(['NO_SUCH_CLIENT']);
    expect(await failures('LOGOUT')).toEqual(['INVALID_PARAMS']);
    expect(await failures('SHOW')).toEqual(['INVALID_PARAMS']);
    expect(numerics(await bob.ask('WHOIS bob'), '330')).toHaveLength(1);
    const guest = await server.client('guest');
    expect(said(await guest.ask('NS CLIENTS LIST'))).toEqual(['Log in first: /msg NickServ IDENTIFY <password>']);
  });
});

describe('SET ALWAYS-ON', () => {
  test('lets the member stay, and a client that logs in goes on as it', async () => {
    const server = await startWithAccounts();
    const ann = await signUp(server, 'ann');
    const bob = await server.client('bob', { join: '#a' });
    await ann.ask('JOIN #a');
    expect(said(await ann.ask('NS SET ALWAYS-ON on'))).toEqual(['You stay when nobody is connected for you']);
    await bob.heard();
    ann.send('QUIT :bye');
    await ann.rest();
    expect(await bob.heard()).toEqual([]);
    expect(numerics(await bob.ask('NAMES #a'), '353')).toEqual(['353 = #a :@bob ann']);
    expect(numerics(await bob.ask('PRIVMSG ann :hi', 'PRIVMSG #a :missed'), '301')).toEqual(['301 ann :Not connected']);
    const { client, heard } = await logIn(server, 'ann');
    expect(nickOf(heard)).toBe('ann');
    expect(heard).toContain(':ann!ann@127.0.0.1 JOIN #a');
    const missed = heard.filter((line) => line.startsWith(':bob!')).map((line) => line.replace(/\[.*\] /, ''));
    expect(missed).toEqual([':bob!bob@127.0.0.1 PRIVMSG #a :missed', ':bob!bob@127.0.0.1 PRIVMSG ann :hi']);
    expect(numerics(await bob.ask('PRIVMSG ann :hi'), '301')).toEqual([]);
    await client.ask('NS SET ALWAYS-ON off');
    client.send('QUIT');
    await client.rest();
    expect((await bob.heard()).at(-1)).toMatch(/ QUIT /);
  });

  test('holds after the next login, too', async () => {
    const server = await startWithAccounts();
    const ann = await signUp(server, 'ann');
    await ann.ask('NS SET ALWAYS-ON true', 'QUIT').catch(() => []);
    const bob = await server.client('bob');
    await bob.ask('NS HELP');
    const { client } = await logIn(server, 'ann');
    client.send('QUIT');
    await client.rest();
    expect(numerics(await bob.ask('WHOIS ann'), '311')).toHaveLength(1);
  });
});
