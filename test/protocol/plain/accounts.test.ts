/** Plain peers that make accounts and log in to them. */
import { beforeEach, describe, expect, test } from 'vitest';
import { PlainMask } from '../../../src/protocol/plain/secrets.js';
import { PlainSession } from '../../../src/protocol/plain/session.js';
import { until } from '../../support/deadline.js';
import { FakeLink } from '../fake-link.js';
import { startCertified } from '../irc/certified-clients.js';
import { numerics } from '../irc/irc-client.js';

type Server = Awaited<ReturnType<typeof startCertified>>;
let server: Server;

beforeEach(async () => {
  server = await startCertified(['ann']);
});

/** A plain peer in the lobby. */
function enter() {
  const { chat } = server;
  const link = new FakeLink(4_001);
  const lobby = chat.directory.room('#lobby') ?? chat.openRoom('#lobby');
  const limits = { linesPerSecond: 0, burstLines: 1, receiveQueueBytes: 1000 };
  const options = { chat, lobby, limits, charset: 'utf-8', maxLineBytes: 512, quietMs: 0 } as const;
  const session = new PlainSession(link, { ...options, accounts: server.server });
  /** Types a line. @returns the first line that answers it, without its time */
  const type = async (line: string): Promise<string> => {
    link.takeLines();
    session.receive(Buffer.from(`${line}\n`));
    let heard: string[] = [];
    await until(
      () => {
        // A busy machine may have left the line for later.
        session.wake();
        heard = [...heard, ...link.takeLines()];
        return heard.length > 0;
      },
      () => `an answer to ${line}`,
    );
    return (heard[0] ?? '').slice('2026-11-21 04:05:06 '.length);
  };
  return { link, session, member: session.member, type };
}

test('a plain peer logs in, and out', async () => {
  const { member, type } = enter();
  expect(await type('/identify ann wrong')).toBe('server: Wrong account or password');
  expect(member.account).toBeNull();
  expect(await type('/identify ann sesame')).toBe('server: you are logged in as ann');
  expect(member.account).toBe('ann');
  expect(await type('/LOGOUT')).toBe('server: you are logged out');
  expect(member.account).toBeNull();
  expect(await type('/logout')).toBe('server: you are not logged in');
});

test('a plain peer makes an account, whose nick is kept for it', async () => {
  const { member, type } = enter();
  expect(await type('/register bob s3same')).toBe('server: you are logged in as bob');
  expect(member.account).toBe('bob');
  const guest = server.connect('x');
  expect(numerics(await guest.ask('NICK bob', 'USER b 0 * :b'), '433')).toHaveLength(1);
});

test.each([
  ['/register s3same', 'type /register NAME PASSWORD [E-MAIL]'],
  ['/register ann s3same', 'Somebody else has this name'],
  ['/register bob ann@example.org', 'This cannot be the name of an account: it must be like a nick'],
  ['/register plain-4001 s3same', 'This cannot be the name of an account: it must be like a nick'],
  ['/verify ann', 'type /verify NAME CODE'],
  ['/verify ann ABC', 'This code is wrong, or has expired'],
  ['/identify', 'type /identify ACCOUNT PASSWORD'],
])('%s is answered: %s', async (line, answer) => {
  expect(await enter().type(line)).toBe(`server: ${answer}`);
});

test('nothing of these commands is said to the others', async () => {
  const watcher = await server.enter('eve');
  const { type } = enter();
  await watcher.ask('JOIN #lobby');
  await type('/identify ann sesame');
  await type(' /IDENTIFY\tsesame');
  await type('/help');
  expect(watcher.heard()).toEqual([]);
});

describe('a plain peer that has logged in', () => {
  async function loggedIn() {
    const plain = enter();
    await plain.type('/identify ann sesame');
    return plain;
  }

  test('is a member of its own: a client of the account is not that one', async () => {
    const { member, session } = await loggedIn();
    const client = await server.logIn('ann');
    expect(numerics(await client.ask('WHOIS ann'), '311', '330')).toHaveLength(2);
    session.disconnected('closed');
    expect(numerics(await client.ask('WHOIS ann'), '311')).toHaveLength(1);
    expect(server.chat.directory.member(member.nick)).toBeUndefined();
  });

  test('is among the clients of its account, and is logged out from there', async () => {
    const { link, member } = await loggedIn();
    const client = await server.logIn('ann');
    const listed = await client.ask('NS CLIENTS LIST');
    expect(listed.some((line) => line.includes(`as ${member.nick}`))).toBe(true);
    await client.ask('NS CLIENTS LOGOUT ALL');
    expect([member.account, link.closedBecause]).toEqual([null, null]);
    expect(link.takeText()).toContain('server: you are logged out');
  });

  test('is logged out when the account is erased', async () => {
    const { link, member } = await loggedIn();
    await server.accounts.erase('ann');
    expect(member.account).toBeNull();
    expect(link.takeText()).toContain('server: you are logged out');
  });

  test('is logged in where the conversation goes on', async () => {
    const { session, member } = await loggedIn();
    const state = session.describe() ?? expect.fail('it cannot be described');
    session.disconnected('moved');
    const link = new FakeLink(4_001);
    const lobby = server.chat.directory.room('#lobby') ?? expect.fail();
    const limits = { linesPerSecond: 0, burstLines: 1, receiveQueueBytes: 1000 };
    const options = { chat: server.chat, lobby, limits, charset: 'utf-8', maxLineBytes: 512, quietMs: 0 } as const;
    const again = new PlainSession(link, { ...options, accounts: server.server }, state);
    expect(again.member).toMatchObject({ nick: member.nick, account: 'ann' });
    expect(server.chat.memberOfAccount('ann', 'ann')).toBeUndefined();
    await server.accounts.erase('ann');
    expect(again.member.account).toBeNull();
  });
});

test('a server without accounts says so', async () => {
  server = await startCertified([], { accounts: null });
  expect(await enter().type('/identify ann sesame')).toBe('server: there are no accounts on this server');
});

test.each([
  ['/identify ann s3same\n/history 5\n', '/identify xxx xxxxxx\n/history 5\n'],
  ['  /Register bob s3same\r\nhi all\r\n', '  /Register xxx xxxxxx\r\nhi all\r\n'],
  ['/verify ann\tCODE\n', '/verify xxx\txxxx\n'],
  ['/identify\u3000密码\n', '/identify\u5165\u5165\u5165\n'],
  ['/identifying a spy\n', '/identifying a spy\n'],
  ['/identify\n/logout\n', '/identify\n/logout\n'],
  ['say it /now ann\n', 'say it /now ann\n'],
])('%j is recorded as %j', (line, shown) => {
  const bytes = Buffer.from(line);
  const whole = Buffer.from(new PlainMask().hide(bytes));
  const mask = new PlainMask();
  expect(Buffer.concat([...bytes].map((byte) => mask.hide(Buffer.of(byte))))).toEqual(whole);
  // Characters beyond ASCII stay ones of the same length.
  if (/^[\0-\x7f]*$/.test(line)) expect(whole.toString()).toBe(shown);
  else expect([whole.length, whole.toString().includes('密')]).toEqual([bytes.length, false]);
});

test('a password behind a line that only a silence has ended is not recorded', () => {
  const mask = new PlainMask();
  const hide = (text: string): string => Buffer.from(mask.hide(Buffer.from(text))).toString();
  expect(['hello', '/iden', '/identify', ' ann s3same'].map(hide)).toEqual([
    'hello',
    '/iden',
    '/identify',
    ' xxx xxxxxx',
  ]);
});
