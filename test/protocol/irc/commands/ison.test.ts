/** ISON: RFC 2812 section 4.9; modern, "ISON message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('lists the nicks that are here, in the order of the request', async () => {
  const server = await startIrc();
  await server.client('bob');
  const ann = await server.client('ann');
  expect(numerics(await ann.ask('ISON BOB nobody ann', 'ISON :ann bob', 'ISON nobody'))).toEqual([
    '303 :bob ann',
    '303 :ann bob',
    '303 :',
  ]);
});
