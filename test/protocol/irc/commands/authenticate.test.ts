/** AUTHENTICATE: IRCv3 sasl-3.1 and sasl-3.2, with their own examples. */
import { describe, expect, test } from 'vitest';
import { type IrcClient, type IrcTestServer, numerics, startIrc } from '../irc-client.js';

/** Makes an account, and disconnects who has made it. */
async function makeAccount(server: IrcTestServer, name: string, password: string): Promise<void> {
  const client = await server.client(name);
  expect(await client.ask(`REGISTER * * :${password}`)).toContain(
    `:fdmux.local REGISTER SUCCESS ${name} :Your account is ready`,
  );
  client.send('QUIT');
  await client.rest();
}

const plain = (...words: readonly string[]): string => Buffer.from(words.join('\0')).toString('base64');

/** Begins a client that has asked for `sasl` and has not registered yet. */
async function begin(server: IrcTestServer, nick = 'jilles'): Promise<IrcClient> {
  const client = await server.connect();
  await client.ask('CAP REQ :sasl', `NICK ${nick}`, `USER ${nick} cheetah.stack.nl 1 :Jilles Tjoelker`);
  return client;
}

const LOGGED_IN = '900 jilles!jilles@127.0.0.1 jilles :You are now logged in as jilles';
const SUCCESS = '903 :SASL authentication successful';
const FAILED = '904 :SASL authentication failed';

describe('AUTHENTICATE PLAIN', () => {
  test('the example of the specification', async () => {
    const server = await startIrc();
    await makeAccount(server, 'jilles', 'sesame');
    const client = await begin(server);
    expect(await client.ask('AUTHENTICATE PLAIN')).toEqual(['AUTHENTICATE +']);
    expect(numerics(await client.ask('AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU='))).toEqual([LOGGED_IN, SUCCESS]);
    expect(numerics(await client.ask('CAP END'), '001')).toHaveLength(1);
    expect(numerics(await client.ask('WHOIS jilles'), '330')).toEqual(['330 jilles jilles :is logged in as']);
  });

  test('a wrong password, an unknown account and another authorization fail alike, and the next try may succeed', async () => {
    const server = await startIrc({ limits: { maxPasswordDelayMs: 0 } });
    await makeAccount(server, 'jilles', 'sesame');
    const client = await begin(server);
    for (const response of [
      'amlsbGVzAGppbGxlcwBtaWxsZXQ=',
      plain('', 'nobody', 'sesame'),
      plain('root', 'jilles', 'sesame'),
      plain('jilles', 'sesame'),
      plain('', 'jilles', 'sesame', ''),
      plain('', 'jilles', ''),
      '!!!!',
      Buffer.from([0, 0x6a, 0, 0xff]).toString('base64'),
      '+',
    ]) {
      expect(numerics(await client.ask('AUTHENTICATE PLAIN', `AUTHENTICATE ${response}`))).toEqual([FAILED]);
    }
    const right = plain('JILLES', 'Jilles', 'sesame');
    expect(numerics(await client.ask('AUTHENTICATE PLAIN', `AUTHENTICATE ${right}`))).toEqual([LOGGED_IN, SUCCESS]);
  });

  test.each([
    ['a whole chunk', 97],
    ['more than a chunk', 100],
  ])('a response of %s arrives in pieces of 400 bytes', async (_, times) => {
    const server = await startIrc();
    const password = 'bar'.repeat(times);
    await makeAccount(server, 'foo', password);
    const client = await begin(server, 'foo');
    const response = plain('foo', 'foo', password);
    await client.ask('AUTHENTICATE PLAIN', `AUTHENTICATE ${response.slice(0, 400)}`);
    const rest = response.slice(400);
    expect(numerics(await client.ask(`AUTHENTICATE ${rest === '' ? '+' : rest}`)).at(-1)).toBe(SUCCESS);
  });

  test('a line that is too long, and a response that is, get 905 and end the exchange', async () => {
    const client = await begin(await startIrc());
    expect(numerics(await client.ask('AUTHENTICATE PLAIN', `AUTHENTICATE ${'a'.repeat(401)}`))).toEqual([
      '905 :SASL message too long',
    ]);
    const chunk = `AUTHENTICATE ${'a'.repeat(400)}`;
    const answers = numerics(await client.ask('AUTHENTICATE PLAIN', ...Array.from({ length: 11 }, () => chunk)));
    expect(answers).toEqual(['905 :SASL message too long']);
    expect(await client.ask('AUTHENTICATE PLAIN')).toEqual(['AUTHENTICATE +']);
  });
});

describe('the exchange', () => {
  test('`*` aborts it, and so does the end of registration', async () => {
    const client = await begin(await startIrc());
    expect(numerics(await client.ask('AUTHENTICATE PLAIN', 'AUTHENTICATE *'))).toEqual([
      '906 :SASL authentication aborted',
    ]);
    const lines = numerics(await client.ask('AUTHENTICATE PLAIN', 'CAP END'), '001', '906');
    expect(lines.map((line) => line.slice(0, 3))).toEqual(['906', '001']);
    expect(numerics(await client.ask('AUTHENTICATE'))).toEqual(['461 AUTHENTICATE :Not enough parameters']);
  });

  test('an unknown mechanism is answered by those that there are', async () => {
    const client = await begin(await startIrc());
    expect(numerics(await client.ask('AUTHENTICATE FOO'))).toEqual([
      '908 PLAIN,EXTERNAL,SCRAM-SHA-256 :are available SASL mechanisms',
      FAILED,
    ]);
  });

  test('commands that are sent with it wait for its end', async () => {
    const server = await startIrc();
    await makeAccount(server, 'jilles', 'sesame');
    const client = await server.connect();
    const lines = await client.ask(
      ...['CAP REQ :sasl', 'NICK jilles', 'USER jilles 0 * :J', 'AUTHENTICATE PLAIN'],
      ...['AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU=', 'CAP END'],
    );
    expect(numerics(lines, '900', '903', '906', '001').map((line) => line.slice(0, 3))).toEqual(['900', '903', '001']);
  });

  test('with a label, the answer is one batch', async () => {
    const server = await startIrc();
    await makeAccount(server, 'jilles', 'sesame');
    const client = await server.client('ann', { caps: 'sasl labeled-response batch' });
    await client.ask('AUTHENTICATE PLAIN');
    const lines = await client.ask('@label=x AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU=');
    expect(lines[0]).toMatch(/^@label=x :fdmux\.local BATCH \+/);
    expect(lines).toHaveLength(4);
  });
});

describe('reauthentication (sasl-3.2)', () => {
  test('a client logs in after it has registered, and then as somebody else', async () => {
    const server = await startIrc();
    await makeAccount(server, 'foo', 'bar');
    await makeAccount(server, 'jilles', 'sesame');
    const client = await server.client('user', { caps: 'sasl', join: '#a' });
    const watcher = await server.client('eve', { caps: 'account-notify', join: '#a' });
    await client.heard();
    const first = await client.ask('AUTHENTICATE PLAIN', `AUTHENTICATE ${plain('', 'foo', 'bar')}`);
    expect(numerics(first)).toEqual(['900 user!user@127.0.0.1 foo :You are now logged in as foo', SUCCESS]);
    expect(await watcher.heard()).toEqual([':user!user@127.0.0.1 ACCOUNT foo']);
    const second = await client.ask('AUTHENTICATE PLAIN', 'AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU=');
    expect(numerics(second).at(-1)).toBe(SUCCESS);
    expect(await watcher.heard()).toEqual([':user!user@127.0.0.1 ACCOUNT jilles']);
  });
});
