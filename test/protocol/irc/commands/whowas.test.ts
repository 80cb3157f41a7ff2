/** WHOWAS: RFC 2812 section 3.6.3; modern, "WHOWAS message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('WHOWAS lists those who have left, the latest first, up to the count', async () => {
  const server = await startIrc();
  const ann = await server.client('ann');
  for (const name of ['one', 'two']) {
    const bob = await server.connect();
    await bob.ask('NICK bob', `USER ${name} 0 * :${name}`);
    bob.send('QUIT');
    await bob.rest();
  }
  expect(numerics(await ann.ask('WHOWAS bob'), '314', '369')).toEqual([
    '314 bob two 127.0.0.1 * :two',
    '314 bob one 127.0.0.1 * :one',
    '369 bob :End of WHOWAS',
  ]);
  expect(numerics(await ann.ask('WHOWAS bob 1'), '314')).toHaveLength(1);
  expect(numerics(await ann.ask('WHOWAS bob -1'), '314')).toHaveLength(2);
  expect(numerics(await ann.ask('WHOWAS nobody', 'WHOWAS'))).toEqual([
    '406 nobody :There was no such nickname',
    '369 nobody :End of WHOWAS',
    '431 :No nickname given',
  ]);
});
