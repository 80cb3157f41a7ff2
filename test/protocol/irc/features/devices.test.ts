/** Several clients of one account are one member. */
import { describe, expect, test } from 'vitest';
import { logIn, nickOf, signUp, startWithAccounts } from '../account-clients.js';
import { numerics, untagged } from '../irc-client.js';

const MASK = 'ann!ann@127.0.0.1';

/** Ann on two devices in #a, with bob there. */
async function twice(caps = '') {
  const server = await startWithAccounts();
  const first = await signUp(server, 'ann', `account-notify ${caps}`);
  await first.ask('JOIN #a');
  const bob = await server.client('bob', { caps: 'away-notify', join: '#a' });
  const { client: second, heard } = await logIn(server, 'ann', { caps });
  await first.heard();
  return { server, first, second, bob, heard };
}

describe('a second client of an account', () => {
  test('is the member that is here already, in its channels, and nobody else hears of it', async () => {
    const { bob, heard, first } = await twice();
    expect(nickOf(heard)).toBe('ann');
    expect(heard).toContain(`:${MASK} JOIN #a`);
    expect(numerics(heard, '353', '366')).toEqual(['353 = #a :@ann bob', '366 #a :End of /NAMES list']);
    expect(await bob.heard()).toEqual([]);
    expect(await first.heard()).toEqual([]);
  });

  test('may ask for any nick: it has that of the member', async () => {
    const { server } = await twice();
    const { client, heard } = await logIn(server, 'ann', { nick: 'phone' });
    expect(nickOf(heard)).toBe('ann');
    expect(numerics(await client.ask('WHOIS phone'), '401')).toHaveLength(1);
  });

  test('hears what the first one hears, and what that one says', async () => {
    const { first, second, bob } = await twice();
    await bob.ask('PRIVMSG #a :hi', 'PRIVMSG ann :psst');
    const expected = [':bob!bob@127.0.0.1 PRIVMSG #a :hi', ':bob!bob@127.0.0.1 PRIVMSG ann :psst'];
    expect([await first.heard(), await second.heard()]).toEqual([expected, expected]);
    await first.ask('PRIVMSG #a :hello', 'PRIVMSG bob :pst');
    expect(await second.heard()).toEqual([`:${MASK} PRIVMSG #a :hello`, `:${MASK} PRIVMSG bob :pst`]);
    expect(await bob.heard()).toEqual([`:${MASK} PRIVMSG #a :hello`, `:${MASK} PRIVMSG bob :pst`]);
    await second.ask('PRIVMSG bob :from the other one');
    expect(await first.heard()).toEqual([`:${MASK} PRIVMSG bob :from the other one`]);
  });

  test('gets an echo of its own where it speaks, once', async () => {
    const { first, second } = await twice('echo-message');
    expect(await second.ask('PRIVMSG #a :hi', 'PRIVMSG ann :me')).toEqual([
      `:${MASK} PRIVMSG #a :hi`,
      `:${MASK} PRIVMSG ann :me`,
      `:${MASK} PRIVMSG ann :me`,
    ]);
    expect(await first.heard()).toEqual([`:${MASK} PRIVMSG #a :hi`, `:${MASK} PRIVMSG ann :me`]);
  });

  test('joins and parts for both, and the other one gets the names as well', async () => {
    const { first, second, bob } = await twice();
    await bob.ask('JOIN #b', 'TOPIC #b :tea');
    await second.ask('JOIN #b');
    const heard = await first.heard();
    expect(heard[0]).toBe(`:${MASK} JOIN #b`);
    expect(numerics(heard, '332', '353')).toEqual(['332 #b :tea', '353 = #b :@bob ann']);
    await first.ask('PART #b');
    expect(await second.heard()).toEqual([`:${MASK} PART #b`]);
  });

  test('changes the nick of both', async () => {
    const { first, second } = await twice();
    expect(await second.ask('NICK anna')).toEqual([`:${MASK} NICK anna`]);
    expect(await first.heard()).toEqual([`:${MASK} NICK anna`]);
    expect(numerics(await first.ask('WHOIS anna'), '330')[0]).toMatch(/^330 anna ann /);
  });

  test('is away when both are', async () => {
    const { first, second, bob } = await twice();
    expect(numerics(await first.ask('AWAY :lunch'))).toHaveLength(1);
    expect(await bob.heard()).toEqual([]);
    await second.ask('AWAY :bath');
    expect(await bob.heard()).toEqual([`:${MASK} AWAY :bath`]);
    expect(numerics(await bob.ask('PRIVMSG ann :hi'), '301')).toEqual(['301 ann :bath']);
    await first.ask('AWAY');
    expect(await bob.heard()).toEqual([`:${MASK} AWAY`]);
  });

  test('leaves alone: others hear of it with the last one', async () => {
    const { first, second, bob } = await twice();
    second.send('QUIT :bye');
    expect((await second.rest()).at(-1)).toMatch(/^ERROR /);
    expect(await bob.heard()).toEqual([]);
    expect(numerics(await first.ask('NAMES #a'), '353')).toEqual(['353 = #a :@ann bob']);
    first.send('QUIT :really');
    await first.rest();
    expect(await bob.heard()).toEqual([`:${MASK} QUIT :Quit: really`]);
  });

  test('is put out with the first one', async () => {
    const { first, second, bob } = await twice();
    await first.ask('MODE #a +o bob');
    await bob.ask('KICK #a ann :out');
    expect((await first.heard()).at(-1)).toBe(':bob!bob@127.0.0.1 KICK #a ann :out');
    expect((await second.heard()).at(-1)).toBe(':bob!bob@127.0.0.1 KICK #a ann :out');
  });

  test('answers of one client are for that one alone, with their labels', async () => {
    const { first, second } = await twice('labeled-response batch echo-message message-tags');
    const lines = await second.ask('@label=x PRIVMSG #a :hi');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('label=x');
    const heard = await first.heard();
    expect(untagged(heard)).toEqual([`:${MASK} PRIVMSG #a :hi`]);
    expect(heard[0]).not.toContain('label');
  });
});

test('a client that does not log in does not get the nick of a member', async () => {
  const server = await startWithAccounts();
  await signUp(server, 'ann');
  const other = await server.connect();
  expect(numerics(await other.ask('CAP LS 302', 'NICK ann', 'USER ann 0 * :r', 'CAP END'), '433')).toHaveLength(1);
  const plain = await server.connect();
  expect(numerics(await plain.ask('NICK ann', 'USER ann 0 * :r'), '433')).toHaveLength(1);
});

describe('the nick of an account', () => {
  test('is kept for it when nobody is there', async () => {
    const server = await startWithAccounts();
    const ann = await signUp(server, 'ann');
    ann.send('QUIT');
    await ann.rest();
    const other = await server.connect();
    other.send('NICK Ann', 'USER u 0 * :r');
    const heard = await other.heard();
    expect(numerics(heard)).toEqual(['433 Ann :Nickname is already in use']);
    expect(heard[1]).toMatch(/^:fdmux\.local FAIL NICK NICKNAME_RESERVED Ann :/);
    await other.ask('NICK bob');
    expect(numerics(await other.ask('NICK ann'), '433')).toHaveLength(1);
    expect(nickOf((await logIn(server, 'ann')).heard)).toBe('ann');
  });
});
