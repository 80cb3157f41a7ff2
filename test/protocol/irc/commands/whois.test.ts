/** WHOIS: RFC 2812 section 3.6.2; modern, "WHOIS message". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('WHOIS', () => {
  test('describes a person', async () => {
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

  test('ends with the request as it was sent ("RPL_ENDOFWHOIS")', async () => {
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

  test('of nobody gets 401, without a nick 431', async () => {
    const ann = await (await startIrc()).client('ann');
    expect(numerics(await ann.ask('WHOIS nobody', 'WHOIS'))).toEqual([
      '401 nobody :No such nick/channel',
      '318 nobody :End of /WHOIS list',
      '431 :No nickname given',
    ]);
  });
});
