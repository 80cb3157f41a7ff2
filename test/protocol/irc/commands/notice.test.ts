/** NOTICE: RFC 2812 section 3.3.2; modern, "NOTICE message". */
import { expect, test } from 'vitest';
import { startIrc } from '../irc-client.js';

test('reaches all others in a channel, and one person', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob', { join: '#a' });
  await ann.heard();
  expect(await ann.ask('NOTICE #a,bob :take note')).toEqual([]);
  expect(await bob.heard()).toEqual([
    ':ann!ann@127.0.0.1 NOTICE #a :take note',
    ':ann!ann@127.0.0.1 NOTICE bob :take note',
  ]);
});

test.each([
  'NOTICE',
  'NOTICE bob',
  'NOTICE bob :',
  'NOTICE nobody :x',
  'NOTICE #none :x',
  'NOTICE #a :x',
  'NOTICE a,b,c,d,e :x',
])('%s never gets an error (RFC 2812 section 3.3.2)', async (line) => {
  const server = await startIrc();
  await server.client('bob', { join: '#a' });
  expect(await (await server.client('ann')).ask(line)).toEqual([]);
});

test('to somebody who is away gets no answer', async () => {
  const server = await startIrc();
  const bob = await server.client('bob');
  await bob.ask('AWAY :out');
  expect(await (await server.client('ann')).ask('NOTICE bob :hello')).toEqual([]);
  expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 NOTICE bob :hello']);
});
