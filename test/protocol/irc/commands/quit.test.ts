/** QUIT: RFC 2812 section 3.1.7; modern, "QUIT message". */
import { expect, test } from 'vitest';
import { startIrc } from '../irc-client.js';

test('QUIT gets ERROR and is announced to those who share a channel', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob', { join: '#a' });
  ann.send('QUIT :good night');
  expect((await ann.rest()).at(-1)).toBe('ERROR :Closing Link: 127.0.0.1 (Quit: good night)');
  expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 QUIT :Quit: good night']);
  const cat = await server.client('cat', { join: '#a' });
  await bob.heard();
  cat.send('QUIT');
  await cat.rest();
  expect(await bob.heard()).toEqual([':cat!cat@127.0.0.1 QUIT :Quit: ']);
});

test('a lost connection shows as a QUIT with its reason', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob', { join: '#a' });
  ann.peer.reset();
  expect(await bob.line()).toBe(':ann!ann@127.0.0.1 QUIT :Connection reset by peer');
});
