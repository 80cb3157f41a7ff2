/** AWAY: RFC 2812 section 4.1; modern, "AWAY message"; IRCv3 away-notify. */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('AWAY gets 306 and 305, and away-notify announces it, on joining too', async () => {
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
