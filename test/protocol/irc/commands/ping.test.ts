/** PING: RFC 2812 section 3.7.2; modern, "PING message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('PING gets its token back, in order', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(await ann.ask('PING one', 'PING :two words', 'PING')).toEqual([
    ':fdmux.local PONG fdmux.local :one',
    ':fdmux.local PONG fdmux.local :two words',
    ':fdmux.local 461 ann PING :Not enough parameters',
  ]);
  expect(numerics(await ann.ask('PING :'))).toEqual(['409 :No origin specified']);
});
