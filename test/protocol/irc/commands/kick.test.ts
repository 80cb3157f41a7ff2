/** KICK: RFC 2812 section 3.2.8; modern, "KICK message". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('KICK', () => {
  test('removes members; the reason is the nick of the kicker unless one is given', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    const eve = await server.client('eve', { join: '#a' });
    await ann.heard();
    await bob.heard();
    expect(await ann.ask('KICK #a bob,eve')).toEqual([
      ':ann!ann@127.0.0.1 KICK #a bob :ann',
      ':ann!ann@127.0.0.1 KICK #a eve :ann',
    ]);
    expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 KICK #a bob :ann']);
    expect(await eve.heard()).toEqual([':ann!ann@127.0.0.1 KICK #a bob :ann', ':ann!ann@127.0.0.1 KICK #a eve :ann']);
    await bob.ask('JOIN #a');
    await ann.heard();
    expect(await ann.ask('KICK #a bob :enough')).toEqual([':ann!ann@127.0.0.1 KICK #a bob :enough']);
  });

  test.each([
    ['KICK #a', '461 KICK :Not enough parameters'],
    ['KICK #none bob', '403 #none :No such channel'],
    ['KICK #other bob', "442 #other :You're not on that channel"],
    ['KICK #a nobody', "441 nobody #a :They aren't on that channel"],
    ['KICK #b bob', "482 #b :You're not channel operator"],
  ])('%s gets %s', async (line, answer) => {
    const server = await startIrc();
    const bob = await server.client('bob', { join: '#b,#other' });
    const ann = await server.client('ann', { join: '#a,#b' });
    await bob.ask('JOIN #a');
    await ann.heard();
    expect(numerics(await ann.ask(line))).toEqual([answer]);
  });

  test("does not reach above the kicker's rank", async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    const eve = await server.client('eve', { join: '#a' });
    await ann.ask('MODE #a +hh bob eve');
    await bob.heard();
    expect(numerics(await bob.ask('KICK #a ann', 'KICK #a eve'))).toEqual([
      "482 #a :You're not channel operator",
      "482 #a :You're not channel operator",
    ]);
    await ann.ask('MODE #a -h eve');
    await bob.heard();
    expect(await bob.ask('KICK #a eve')).toEqual([':bob!bob@127.0.0.1 KICK #a eve :bob']);
    await eve.heard();
  });
});
