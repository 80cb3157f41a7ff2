/** USERS: RFC 2812 section 4.6. */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('is disabled', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(numerics(await ann.ask('USERS'))).toEqual(['446 :USERS has been disabled']);
});
