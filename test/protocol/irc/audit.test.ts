/** The log of connections, and of the acts of operators. */
import { expect, test } from 'vitest';
import { until } from '../../support/deadline.js';
import { startIrc } from './irc-client.js';

const operators = [{ name: 'root', password: 'hunter2', masks: ['*@*'], host: null }];

test('the log follows a connection by its number, from its address to the reason of its end', async () => {
  const server = await startIrc();
  const ann = await server.client('ann');
  ann.send('QUIT :bye');
  await ann.rest();
  const find = (wanted: string) => server.records.find(({ level, message }) => level === 'info' && message === wanted);
  await until(() => find('closed') !== undefined, 'the record of the end');
  expect(find('connected')?.details).toMatchObject({ connection: 1, host: '127.0.0.1', protocol: 'irc' });
  expect(find('registered')?.details).toMatchObject({ connection: 1, nick: 'ann', user: 'ann', host: '127.0.0.1' });
  expect(find('closed')?.details).toMatchObject({ connection: 1, reason: 'Quit: bye' });
});

test("operators' acts are warnings with their connection, without texts and passwords", async () => {
  const server = await startIrc({ irc: { operators } });
  const ann = await server.client('ann', { join: '#a' });
  await server.client('bob');
  await ann.ask('OPER root wrong-word', 'OPER hunter2 hunter2', 'OPER root hunter2', 'PRIVMSG #a :a secret text');
  await ann.ask('WALLOPS :a secret text', 'KILL bob :spam', 'REHASH', 'DIE');
  const acts = server.records.filter(({ level, details }) => level === 'warn' && details?.['connection'] === 1);
  expect(acts.map(({ message }) => message)).toEqual([
    'operator refused',
    'operator refused',
    'operator',
    'wallops',
    'kill',
    'rehash',
    'die',
  ]);
  expect(acts.find(({ message }) => message === 'kill')?.details).toMatchObject({ nick: 'ann', target: 'bob' });
  expect(JSON.stringify(server.records)).not.toMatch(/hunter2|wrong-word|secret/);
});
