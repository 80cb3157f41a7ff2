/** LUSERS: RFC 2812 section 3.4.2; modern, "LUSERS message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('LUSERS counts clients, operators and channels', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob');
  await bob.ask('MODE bob +i');
  const stranger = await server.connect();
  await stranger.ask('CAP LS');
  expect(numerics(await ann.ask('LUSERS'))).toEqual([
    '251 :There are 1 users and 1 invisible on 1 servers',
    '252 0 :operator(s) online',
    '253 1 :unknown connection(s)',
    '254 1 :channels formed',
    '255 :I have 2 clients and 1 servers',
    '265 2 2 :Current local users 2, max 2',
    '266 2 2 :Current global users 2, max 2',
  ]);
});
