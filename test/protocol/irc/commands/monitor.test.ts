/** MONITOR: IRCv3 monitor, extended-monitor. */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc, untagged } from '../irc-client.js';

describe('MONITOR', () => {
  test('shows at once who is here, and later who arrives and leaves', async () => {
    const server = await startIrc();
    const ann = await server.client('ann');
    await server.client('bob');
    expect(numerics(await ann.ask('MONITOR + BOB,eve'))).toEqual(['730 :bob!bob@127.0.0.1', '731 :eve']);
    const eve = await server.client('eve');
    expect(numerics(await ann.heard())).toEqual(['730 :eve!eve@127.0.0.1']);
    await eve.ask('NICK mallory');
    expect(numerics(await ann.heard())).toEqual(['731 :eve']);
    await eve.ask('NICK eve');
    eve.send('QUIT');
    await eve.rest();
    expect(numerics(await ann.heard())).toEqual(['730 :eve!eve@127.0.0.1', '731 :eve']);
    expect(numerics(await ann.ask('MONITOR L'))).toEqual(['732 :BOB,eve', '733 :End of MONITOR list']);
    expect(numerics(await ann.ask('MONITOR S'))).toEqual(['730 :bob!bob@127.0.0.1', '731 :eve']);
    expect(await ann.ask('MONITOR - bob', 'MONITOR C')).toEqual([]);
    expect(numerics(await ann.ask('MONITOR L'))).toEqual(['733 :End of MONITOR list']);
  });

  test('is limited', async () => {
    const ann = await (await startIrc({ irc: { maxMonitored: 2 } })).client('ann');
    expect(numerics(await ann.ask('MONITOR + a,b,c,d'))).toEqual(['734 2 c,d :Monitor list is full', '731 :a,b']);
  });

  test('with extended-monitor shows AWAY without a shared channel', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps: 'extended-monitor away-notify' });
    const max = await server.client('max', { caps: 'away-notify' });
    const bob = await server.client('bob');
    for (const client of [ann, max]) await client.ask('MONITOR + bob');
    await bob.ask('AWAY :out');
    expect(untagged(await ann.heard())).toEqual([':bob!bob@127.0.0.1 AWAY :out']);
    expect(await max.heard()).toEqual([]);
  });
});
