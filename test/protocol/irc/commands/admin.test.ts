/** ADMIN: RFC 2812 section 3.4.9; modern, "ADMIN message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('shows who runs the server', async () => {
  const admin = { location: 'Here', organization: 'We', email: 'us@example.org' };
  const ann = await (await startIrc({ irc: { admin } })).client('ann');
  expect(numerics(await ann.ask('ADMIN'))).toEqual([
    '256 fdmux.local :Administrative info',
    '257 :Here',
    '258 :We',
    '259 :us@example.org',
  ]);
  expect(numerics(await ann.ask('ADMIN elsewhere'))).toEqual(['402 elsewhere :No such server']);
});
