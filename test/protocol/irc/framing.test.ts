/** Lines on the wire: RFC 1459 section 2.3, modern "Message format" and "Compatibility with incorrect software". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from './irc-client.js';

const SCRIPT = 'NICK ann\r\nUSER a 0 * :Ann\nJOIN #a\rPRIVMSG #a :héllo wörld\r\nPING :done\r\n';

describe('the same lines are understood', () => {
  const converse = async (pieces: readonly Uint8Array[]): Promise<string[]> => {
    const client = await (await startIrc()).connect();
    for (const piece of pieces) await client.peer.write(piece);
    const lines = await client.heard();
    return lines.filter((line) => / (?:001|JOIN|366|PONG) /.test(line));
  };
  const expected = [
    ':fdmux.local 001 ann :Welcome to the fdmux Network, ann!a@127.0.0.1',
    ':ann!a@127.0.0.1 JOIN #a',
    ':fdmux.local 366 ann #a :End of /NAMES list',
    ':fdmux.local PONG fdmux.local :done',
  ];

  test('in one packet, with CR, LF and CRLF', async () => {
    expect(await converse([Buffer.from(SCRIPT)])).toEqual(expected);
  });

  test('byte by byte', async () => {
    expect(await converse([...Buffer.from(SCRIPT)].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  test('split at every point', async () => {
    const server = await startIrc();
    const whole = Buffer.from(SCRIPT);
    for (let at = 1; at < whole.length; at += 1) {
      const client = await server.connect();
      await client.peer.write(whole.subarray(0, at));
      await client.peer.write(whole.subarray(at));
      const lines = await client.heard();
      expect(lines.filter((line) => / (?:001|PONG) /.test(line))).toEqual([expected[0], expected[3]]);
      client.send('QUIT');
      await client.rest();
    }
  }, 30_000);
});

test('a line of 512 bytes is accepted, a longer one gets 417, and the next one is accepted again', async () => {
  const ann = await (await startIrc()).client('ann');
  const token = 'x'.repeat(510 - 'PING :'.length);
  expect(await ann.ask(`PING :${token}`)).toHaveLength(1);
  expect(numerics(await ann.ask(`PING :${token}x`))).toEqual(['417 :Input line was too long']);
  expect(numerics(await ann.ask('z'.repeat(100_000)))).toEqual(['417 :Input line was too long']);
});

test('a line with more tags than a message can have, or a longer name of one, gets 417', async () => {
  const ann = await (await startIrc()).client('ann');
  const tags = (count: number): string => Array.from({ length: count }, (_, index) => `+a${index}`).join(';');
  expect(await ann.ask(`@${tags(64)} PING x`, `@+${'a'.repeat(512)} PING y`)).toHaveLength(2);
  const refused = await ann.ask(`@${tags(65)} PING x`, `@+${'a'.repeat(513)} PING y`);
  expect(numerics(refused)).toEqual(Array(2).fill('417 :Input line was too long'));
});

test('empty lines, spaces and prefixes are read as modern says', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(await ann.ask('', '   ', ':', ':source', '@tag', '@tag ')).toEqual([]);
  expect(await ann.ask(':someone PING x', 'ping   y', '  PING z')).toEqual(
    ['x', 'y', 'z'].map((token) => `:fdmux.local PONG fdmux.local :${token}`),
  );
});

test('invalid UTF-8 is refused if UTF8ONLY is announced, and passes if the listener speaks GBK', async () => {
  const server = await startIrc({ listeners: [{}, { charset: 'gbk' }] });
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob', { port: server.ports[1] ?? 0, join: '#a' });
  await ann.heard();
  await ann.peer.write(Buffer.from('PRIVMSG #a :\xff\xfe\r\n', 'latin1'));
  expect(await ann.heard()).toEqual([
    ':fdmux.local FAIL PRIVMSG INVALID_UTF8 :Message rejected, your line is not valid UTF-8',
  ]);
  await ann.peer.write(Buffer.from('PRIV\xffMSG #a :x\r\n', 'latin1'));
  expect(await ann.heard()).toEqual([
    ':fdmux.local FAIL * INVALID_UTF8 :Message rejected, your line is not valid UTF-8',
  ]);
  await bob.peer.write(
    Buffer.concat([Buffer.from('PRIVMSG #a :'), Uint8Array.of(0xc4, 0xe3, 0xba, 0xc3), Buffer.from('\r\n')]),
  );
  expect(await ann.line()).toBe(':bob!bob@127.0.0.1 PRIVMSG #a :你好');
  await ann.ask('PRIVMSG #a :好');
  const bytes = await bob.peer.take(':ann!ann@127.0.0.1 PRIVMSG #a :'.length + 2);
  expect(bytes.subarray(-2)).toEqual(Buffer.from([0xba, 0xc3]));
});

test('NUL bytes are left out', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(await ann.ask('PI\0NG a\0b')).toEqual([':fdmux.local PONG fdmux.local :ab']);
});
