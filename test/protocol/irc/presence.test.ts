/** AWAY, SETNAME, MONITOR; IRCv3 away-notify, extended-join, setname, monitor, extended-monitor. */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc, untagged } from './irc-client.js';

test('AWAY is answered 306 and 305, and told with away-notify, on joining too', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob', { caps: 'away-notify', join: '#a' });
  const eve = await server.client('eve', { join: '#a' });
  await bob.heard();
  expect(numerics(await ann.ask('AWAY :out'))).toContain('306 :You have been marked as being away');
  expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 AWAY :out']);
  expect(await eve.heard()).toEqual([]);
  await ann.ask('JOIN #b');
  await bob.ask('JOIN #b');
  await ann.ask('PART #b', 'JOIN #b');
  expect((await bob.heard()).slice(-2)).toEqual([':ann!ann@127.0.0.1 JOIN #b', ':ann!ann@127.0.0.1 AWAY :out']);
  expect(numerics(await ann.ask('AWAY'))).toContain('305 :You are no longer marked as being away');
  expect((await bob.heard()).at(-1)).toBe(':ann!ann@127.0.0.1 AWAY');
  expect(numerics(await ann.ask('AWAY :'))).toEqual(['305 :You are no longer marked as being away']);
  expect(await bob.heard()).toEqual([]);
});

test('extended-join tells account and real name', async () => {
  const server = await startIrc();
  const bob = await server.client('bob', { caps: 'extended-join', join: '#a' });
  await server.client('ann', { join: '#a' });
  expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 JOIN #a * :Real ann']);
});

test('SETNAME changes the real name, and is told to those who asked for it', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { caps: 'setname', join: '#a' });
  const bob = await server.client('bob', { caps: 'setname', join: '#a' });
  await ann.heard();
  expect(await ann.ask('SETNAME :New Name')).toEqual([':ann!ann@127.0.0.1 SETNAME :New Name']);
  expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 SETNAME :New Name']);
  expect(numerics(await bob.ask('WHOIS ann'), '311')).toEqual(['311 ann ann 127.0.0.1 * :New Name']);
  expect(await ann.ask(`SETNAME :${'x'.repeat(200)}`)).toEqual([
    ':fdmux.local FAIL SETNAME INVALID_REALNAME :Realname is not valid',
  ]);
});

describe('MONITOR', () => {
  test('tells at once who is here, and later who comes and goes', async () => {
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

  test('is bounded', async () => {
    const ann = await (await startIrc({ irc: { maxMonitored: 2 } })).client('ann');
    expect(numerics(await ann.ask('MONITOR + a,b,c,d'))).toEqual(['734 2 c,d :Monitor list is full', '731 :a,b']);
  });

  test('with extended-monitor tells of AWAY without a shared channel', async () => {
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
