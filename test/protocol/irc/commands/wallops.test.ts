/** WALLOPS: RFC 2812 section 4.7; modern, "WALLOPS message". */
import { expect, test } from 'vitest';
import { startIrc } from '../irc-client.js';

const operator = (changes: object = {}) => ({ name: 'root', password: 'pw', masks: ['*@*'], host: null, ...changes });

test('WALLOPS reaches those with +w', async () => {
  const server = await startIrc({ irc: { operators: [operator()] } });
  const ann = await server.client('ann');
  const bob = await server.client('bob');
  const eve = await server.client('eve');
  await bob.ask('MODE bob +w');
  await ann.ask('OPER root pw');
  expect(await ann.ask('WALLOPS :hear me')).toEqual([]);
  expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 WALLOPS :hear me']);
  expect(await eve.heard()).toEqual([]);
});
