/** DIE: RFC 2812 section 4.3. */
import { expect, test } from 'vitest';
import { startIrc } from '../irc-client.js';

const operator = (changes: object = {}) => ({ name: 'root', password: 'pw', masks: ['*@*'], host: null, ...changes });

test('DIE ends the server', async () => {
  const server = await startIrc({ irc: { operators: [operator()] } });
  const ann = await server.client('ann');
  await ann.ask('OPER root pw', 'DIE');
  expect(server.stopReasons).toEqual(['stopped by ann']);
});
