/** UNKLINE: removes a ban of users (ircd-hybrid and its relatives, "UNKLINE"). */
import { expect, test } from 'vitest';
import { startIrc } from '../irc-client.js';

test('UNKLINE lets the users in again, however the mask is spelled', async () => {
  const server = await startIrc({ irc: { operators: [{ name: 'root', password: 'pw', masks: ['*@*'], host: null }] } });
  const ann = await server.client('ann');
  await ann.ask('OPER root pw', 'KLINE Bob@127.0.0.7/8 :x');
  expect(await ann.ask('UNKLINE bob@::ffff:127.0.0.0/104', 'UNKLINE bob@127.0.0.0/8')).toEqual([
    ':fdmux.local NOTICE ann :Removed K-Line [Bob@127.0.0.0/8]',
    ':fdmux.local NOTICE ann :There is no K-Line [bob@127.0.0.0/8]',
  ]);
  await server.client('bob');
  expect(server.records.map(({ message }) => message)).toContain('ban removed');
});
