/** What one of several clients of a member may do by itself: neither leave its account, nor be an operator for all. */
import { describe, expect, test } from 'vitest';
import { HeldLog } from '../../../support/held-log.js';
import { certificateOf, type CertifiedClient, LOGIN, startCertified } from '../certified-clients.js';
import { numerics } from '../irc-client.js';

const SHARED = /:Other connections share your nick/;

describe('two clients of an account', () => {
  async function twice() {
    const server = await startCertified(['ann', 'eve']);
    const first = await server.logIn('ann');
    await first.ask('JOIN #a');
    const second = await server.logIn('ann');
    first.heard();
    return { ...server, first, second };
  }

  /** The account that a client has by its own word, and that of its member. */
  async function accountsOf(client: CertifiedClient): Promise<string[]> {
    const heard = await client.ask('WHOIS ann', 'NS INFO');
    return [...numerics(heard, '330'), ...heard.filter((line) => line.includes(' :Account: '))];
  }

  test('keep it together: the one neither logs out nor logs in as somebody else', async () => {
    const { first, second } = await twice();
    const before = [await accountsOf(first), await accountsOf(second)];
    const out = await second.ask('NS LOGOUT');
    expect(out.at(-1)).toMatch(SHARED);
    second.link.certificate = certificateOf('eve');
    const other = await second.ask(...LOGIN);
    expect(other.at(-2)).toMatch(/ FAIL AUTHENTICATE NICK_SHARED eve :Other connections/);
    expect(numerics([...out, ...other], '900', '901', '903', '904')).toEqual(['904 :SASL authentication failed']);
    expect(first.heard()).toEqual([]);
    expect([await accountsOf(first), await accountsOf(second)]).toEqual(before);
    expect(before[0]).toEqual(['330 ann ann :is logged in as', expect.stringMatching(/ :Account: ann$/)]);
  });

  test('may log in to it once more', async () => {
    const { second } = await twice();
    expect(numerics(await second.ask(...LOGIN), '900', '903')).toHaveLength(2);
  });

  test('are free to leave it when the other one has left', async () => {
    const { first, second } = await twice();
    await first.ask('QUIT');
    expect(numerics(await second.ask('NS LOGOUT', 'WHOIS ann'), '901', '330')).toHaveLength(1);
  });

  test('are guests together when it is erased, and do not log in by themselves', async () => {
    const { accounts, first, second } = await twice();
    await accounts.erase('ann');
    expect([first, second].map((client) => numerics(client.heard(), '901').length)).toEqual([1, 1]);
    second.link.certificate = certificateOf('eve');
    expect(numerics(await second.ask(...LOGIN), '903', '904')).toHaveLength(1);
    expect((await second.ask('NS REGISTER sesame')).at(-1)).toMatch(SHARED);
    expect((await second.ask('REGISTER * * sesame')).at(-1)).toMatch(
      / FAIL REGISTER TEMPORARILY_UNAVAILABLE \* :Other/,
    );
    await first.ask('QUIT');
    expect(numerics(await second.ask(...LOGIN), '900', '903')).toHaveLength(2);
  });
});

test('a client whose account is erased while it is let in has none', async () => {
  const log = new HeldLog();
  const { accounts, connect } = await startCertified(['ann'], {}, log);
  const ann = connect('ann');
  await ann.ask(...LOGIN, 'NICK ann', 'USER ann 0 * :r');
  log.become('held');
  await ann.sendUntil('CAP END', () => log.isHolding);
  await accounts.erase('ann');
  log.recover();
  const heard = await ann.ask('WHOIS ann');
  expect(numerics(heard, '001', '330')).toHaveLength(1);
});

const OPERATOR = { name: 'root', password: 'pw', masks: ['*@*'], host: null };

describe('an operator with two clients', () => {
  test('has the rights where the password was given', async () => {
    const { logIn, enter } = await startCertified(['ann', 'bob'], { operators: [OPERATOR] });
    const [first, second] = [await logIn('ann'), await logIn('ann')];
    await enter('bob');
    expect(numerics(await first.ask('OPER root pw'), '381')).toHaveLength(1);
    const commands = ['KILL bob :x', 'KLINE *@bad :x', 'DLINE 192.0.2.1 :x', 'UNDLINE 192.0.2.1', 'REHASH', 'STATS l'];
    for (const command of [...commands, 'WALLOPS :x', 'GLOBAL :x', 'PRIVMSG $$* :x', 'DIE']) {
      expect(numerics(await second.ask(command), '481')).toHaveLength(1);
    }
    expect(numerics(await second.ask('WHOIS ann'), '313')).toHaveLength(1);
    expect((await second.ask('NS INFO bob')).join()).not.toContain('E-mail');
    expect((await first.ask('NS INFO bob')).join()).toContain('E-mail');
    expect(await second.ask('MODE ann -o')).toEqual([]);
    expect(numerics(await first.ask('KILL bob :x'), '481', '401')).toEqual([]);
    expect(await first.ask('MODE ann -o')).toEqual([':ann!ann@127.0.0.1 MODE ann -o']);
    expect(numerics(await first.ask('KILL bob :x'), '481')).toHaveLength(1);
    expect(numerics(await second.ask('WHOIS ann'), '313')).toEqual([]);
  });

  test('is judged by the address of the client that sends OPER', async () => {
    const { logIn } = await startCertified(['ann'], { operators: [{ ...OPERATOR, masks: ['*@127.0.0.1'] }] });
    const [first, second] = [await logIn('ann'), await logIn('ann', '127.0.0.2')];
    expect(numerics(await second.ask('OPER root pw'), '491', '381')).toEqual(['491 :No O-lines for your host']);
    expect(numerics(await first.ask('OPER root pw'), '381')).toHaveLength(1);
  });
});

test('DLINE closes the client at an address, and the member stays; WHOIS shows where it is', async () => {
  const { logIn, enter } = await startCertified(['ann'], { operators: [OPERATOR] });
  const boss = await enter('boss', '127.0.0.9');
  await boss.ask('OPER root pw');
  const [first, second] = [await logIn('ann'), await logIn('ann', '127.0.0.2')];
  expect(numerics(await boss.ask('WHOIS ann'), '338')).toEqual([
    '338 ann ann@127.0.0.1 127.0.0.1 :is actually using host',
    '338 ann ann@127.0.0.2 127.0.0.2 :is actually using host',
  ]);
  expect((await boss.ask('DLINE 127.0.0.2 :x')).at(-1)).toContain('1 users were disconnected');
  expect(second.heard()[0]).toBe(':fdmux.local 465 ann :You are banned from this server: x');
  expect(numerics(await first.ask('WHOIS ann'), '311')).toHaveLength(1);
  const third = await logIn('ann', '127.0.0.3');
  await first.ask('QUIT');
  expect(numerics(await boss.ask('WHO ann %i'), '354')).toEqual(['354 127.0.0.3']);
  expect((await boss.ask('DLINE ann :x')).at(-1)).toContain('D-Line [127.0.0.3]; 1 users');
  expect(third.heard()[0]).toBe(':fdmux.local 465 ann :You are banned from this server: x');
});
