/** NICK: RFC 2812 section 3.1.2; modern, "NICK message". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('NICK', () => {
  test('is announced to those who share a channel, once, and to its owner', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a,#b' });
    const bob = await server.client('bob', { join: '#a,#b' });
    const eve = await server.client('eve');
    await ann.heard();
    expect(await ann.ask('NICK anna')).toEqual([':ann!ann@127.0.0.1 NICK anna']);
    expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 NICK anna']);
    expect(await eve.heard()).toEqual([]);
    expect(await ann.ask('NICK anna')).toEqual([]);
    expect(await ann.ask('NICK ANNA')).toEqual([':anna!ann@127.0.0.1 NICK ANNA']);
  });

  test.each([
    ['NICK', '431 :No nickname given'],
    ['NICK :', '431 :No nickname given'],
    ['NICK *', '432 * :Erroneous nickname'],
    ['NICK 1st', '432 1st :Erroneous nickname'],
    ['NICK #chan', '432 #chan :Erroneous nickname'],
    ['NICK :with space', '432 * :Erroneous nickname'],
    ['NICK a.b', '432 a.b :Erroneous nickname'],
    [`NICK ${'x'.repeat(31)}`, `432 ${'x'.repeat(31)} :Erroneous nickname`],
    ['NICK BOB', '433 BOB :Nickname is already in use'],
    // The names of the server and of peers in plain lines, of services, and of administrators.
    ['NICK Server', '432 Server :Erroneous nickname'],
    ['NICK plain-40000', '432 plain-40000 :Erroneous nickname'],
    ['NICK ROOT', '432 ROOT :Erroneous nickname'],
    ['NICK nickserv', '432 nickserv :Erroneous nickname'],
    ['NICK ChanServ', '432 ChanServ :Erroneous nickname'],
  ])('%s gets %s', async (line, answer) => {
    const server = await startIrc();
    await server.client('bob');
    expect(numerics(await (await server.client('ann')).ask(line))).toEqual([answer]);
  });

  test('reserved by the settings is refused, before registration as well', async () => {
    const server = await startIrc({ irc: { reservedNicks: ['bot-*'] } });
    const ann = await server.connect();
    expect(await ann.ask('NICK Bot-1', 'USER ann 0 * :Ann')).toContain(':fdmux.local 432 * Bot-1 :Erroneous nickname');
    expect(numerics(await ann.ask('NICK root'), '001')).toHaveLength(1);
    expect(numerics(await ann.ask('NICK server'))).toEqual(['432 server :Erroneous nickname']);
  });
});
