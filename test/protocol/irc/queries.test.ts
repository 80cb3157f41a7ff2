/** WHO, WHOX, WHOIS, WHOWAS, ISON, USERHOST: modern "User-Based Queries"; IRCv3 whox. */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from './irc-client.js';

describe('WHO', () => {
  test('of a channel tells its members with flags', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { caps: 'multi-prefix', join: '#a' });
    await ann.ask('MODE #a +v ann', 'AWAY :out', 'MODE ann +B');
    expect(numerics(await bob.ask('WHO #a'))).toEqual([
      '352 #a ann 127.0.0.1 fdmux.local ann G@+B :0 Real ann',
      '352 #a bob 127.0.0.1 fdmux.local bob H :0 Real bob',
      '315 #a :End of /WHO list',
    ]);
  });

  test('of a nick or a mask finds those who may be seen', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob');
    const found = async (query: string) =>
      numerics(await bob.ask(`WHO ${query}`), '352').map((line) => line.split(' ')[5]);
    expect(await found('ann')).toEqual(['ann']);
    expect(await found('*nn')).toEqual(['ann']);
    expect(await found('*')).toEqual(['ann', 'bob']);
    expect(await found('127.*')).toEqual(['ann', 'bob']);
    await ann.ask('MODE ann +i');
    expect(await found('*')).toEqual(['bob']);
    expect(await found('ann')).toEqual(['ann']);
    await bob.ask('JOIN #a');
    expect(await found('*')).toEqual(['ann', 'bob']);
    expect(await found('* o')).toEqual([]);
    expect(numerics(await bob.ask('WHO #none', 'WHO 0', 'WHO :'), '315')).toEqual([
      '315 #none :End of /WHO list',
      '315 0 :End of /WHO list',
      '315 * :End of /WHO list',
    ]);
  });

  test('with fields tells those, in the order of the specification, with the token (WHOX)', async () => {
    const server = await startIrc();
    await server.client('ann', { join: '#a' });
    const bob = await server.client('bob');
    expect(numerics(await bob.ask('WHO #a %rnfhuct,42'), '354')).toEqual(['354 42 #a ann 127.0.0.1 ann H@ :Real ann']);
    expect(numerics(await bob.ask('WHO #a %cuhsnfdar'), '354')).toEqual([
      '354 #a ann 127.0.0.1 fdmux.local ann H@ 0 0 :Real ann',
    ]);
    expect(numerics(await bob.ask('WHO bob %tianl,7'), '354')).toEqual(['354 7 127.0.0.1 bob 0 0']);
  });
});

describe('WHOIS', () => {
  test('tells of a person', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a,#s' });
    await ann.ask('MODE #s +s', 'AWAY :out');
    const bob = await server.client('bob');
    const lines = numerics(await bob.ask('WHOIS ANN')).map((line) =>
      line.replace(/317 ann \d+ \d{10}/, '317 ann IDLE SINCE'),
    );
    expect(lines).toEqual([
      '311 ann ann 127.0.0.1 * :Real ann',
      '319 ann :@#a',
      '312 ann fdmux.local :fdmux chat server',
      '301 ann :out',
      '317 ann IDLE SINCE :seconds idle, signon time',
      '318 ANN :End of /WHOIS list',
    ]);
    expect(numerics(await bob.ask('WHOIS fdmux.local ann'), '311', '318')).toHaveLength(2);
    expect(numerics(await ann.ask('WHOIS ann'), '338')).toEqual([
      '338 ann ann@127.0.0.1 127.0.0.1 :is actually using host',
    ]);
  });

  test('hides the channels of the invisible, unless they are shared', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a,#b' });
    await ann.ask('MODE ann +i');
    const bob = await server.client('bob');
    expect(numerics(await bob.ask('WHOIS ann'), '319')).toEqual([]);
    await bob.ask('JOIN #b');
    expect(numerics(await bob.ask('WHOIS ann'), '319')).toEqual(['319 ann :@#b']);
  });

  test('ends with what was asked for as it was sent ("RPL_ENDOFWHOIS")', async () => {
    const ann = await (await startIrc()).client('ann');
    const lines = numerics(await ann.ask('WHOIS ANN', 'WHOIS ann,bob', 'WHOIS fdmux.local Ann'), '311', '318');
    expect(lines.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '311 ann',
      '318 ANN',
      '311 ann',
      '318 ann,bob',
      '311 ann',
      '318 Ann',
    ]);
  });

  test('of nobody is answered 401, without a nick 431', async () => {
    const ann = await (await startIrc()).client('ann');
    expect(numerics(await ann.ask('WHOIS nobody', 'WHOIS'))).toEqual([
      '401 nobody :No such nick/channel',
      '318 nobody :End of /WHOIS list',
      '431 :No nickname given',
    ]);
  });
});

test('WHOWAS tells of those who have left, the latest first, as many as asked for', async () => {
  const server = await startIrc();
  const ann = await server.client('ann');
  for (const name of ['one', 'two']) {
    const bob = await server.connect();
    await bob.ask('NICK bob', `USER ${name} 0 * :${name}`);
    bob.send('QUIT');
    await bob.rest();
  }
  expect(numerics(await ann.ask('WHOWAS bob'), '314', '369')).toEqual([
    '314 bob two 127.0.0.1 * :two',
    '314 bob one 127.0.0.1 * :one',
    '369 bob :End of WHOWAS',
  ]);
  expect(numerics(await ann.ask('WHOWAS bob 1'), '314')).toHaveLength(1);
  expect(numerics(await ann.ask('WHOWAS bob -1'), '314')).toHaveLength(2);
  expect(numerics(await ann.ask('WHOWAS nobody', 'WHOWAS'))).toEqual([
    '406 nobody :There was no such nickname',
    '369 nobody :End of WHOWAS',
    '431 :No nickname given',
  ]);
});

test('ISON and USERHOST tell of those who are here', async () => {
  const server = await startIrc();
  const bob = await server.client('bob');
  const ann = await server.client('ann');
  await bob.ask('AWAY :out');
  expect(numerics(await ann.ask('ISON BOB nobody ann', 'ISON :ann bob', 'ISON nobody'))).toEqual([
    '303 :bob ann',
    '303 :ann bob',
    '303 :',
  ]);
  expect(numerics(await ann.ask('USERHOST ann nobody bob'))).toEqual(['302 :ann=+ann@127.0.0.1 bob=-bob@127.0.0.1']);
  expect(numerics(await ann.ask('ISON', 'USERHOST'))).toEqual([
    '461 ISON :Not enough parameters',
    '461 USERHOST :Not enough parameters',
  ]);
});
