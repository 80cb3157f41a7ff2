/** USERHOST: RFC 2812 section 4.8; modern, "USERHOST message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('shows user and host, who is away and who is an operator', async () => {
  const operator = { name: 'root', password: 'pw', masks: ['*@*'], host: null };
  const server = await startIrc({ irc: { operators: [operator] } });
  const bob = await server.client('bob');
  const ann = await server.client('ann');
  await bob.ask('AWAY :out');
  await ann.ask('OPER root pw');
  expect(numerics(await ann.ask('USERHOST ann nobody bob'))).toEqual(['302 :ann*=+ann@127.0.0.1 bob=-bob@127.0.0.1']);
});

test('accepts five nicks', async () => {
  const server = await startIrc();
  const ann = await server.client('ann');
  await server.client('bob');
  expect(numerics(await ann.ask('USERHOST a b c d ann bob'))).toEqual(['302 :ann=+ann@127.0.0.1']);
});
