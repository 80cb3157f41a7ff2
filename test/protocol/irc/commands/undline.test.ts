/** UNDLINE: removes a ban of addresses (ircd-hybrid and its relatives, "UNDLINE"). */
import { expect, test } from 'vitest';
import { startIrc } from '../irc-client.js';

test('UNDLINE lets the addresses in again, however they are spelled', async () => {
  const server = await startIrc({ irc: { operators: [{ name: 'root', password: 'pw', masks: ['*@*'], host: null }] } });
  const ann = await server.client('ann');
  await ann.ask('OPER root pw', 'DLINE 127.0.0.6 :x', 'DLINE 2001:DB8::1 :x');
  expect(await ann.ask('UNDLINE 0::ffff:127.0.0.6', 'UNDLINE 2001:db8:0:0::1', 'UNDLINE 127.0.0.6')).toEqual([
    ':fdmux.local NOTICE ann :Removed D-Line [127.0.0.6]',
    ':fdmux.local NOTICE ann :Removed D-Line [2001:db8::1]',
    ':fdmux.local NOTICE ann :There is no D-Line [127.0.0.6]',
  ]);
  await server.client('bob', { from: '127.0.0.6' });
});
