/** WHO: RFC 2812 section 3.6.1; modern, "WHO message"; IRCv3 WHOX. */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('WHO', () => {
  test('of a channel lists its members with flags', async () => {
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

  test('with fields shows those, in the order of the specification, with the token (WHOX)', async () => {
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
