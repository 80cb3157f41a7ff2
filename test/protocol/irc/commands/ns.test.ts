/** NS: NICKSERV in short. */
import { expect, test } from 'vitest';
import { startWithAccounts } from '../account-clients.js';

test('NS is NICKSERV', async () => {
  const ann = await (await startWithAccounts()).client('ann');
  const short = await ann.ask('NS HELP');
  expect(short[0]).toMatch(/^:NickServ!NickServ@fdmux\.local NOTICE ann :Commands of NickServ/);
  expect(await ann.ask('NICKSERV HELP')).toEqual(short);
});
