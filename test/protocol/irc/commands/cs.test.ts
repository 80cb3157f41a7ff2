/** CS: CHANSERV in short. */
import { expect, test } from 'vitest';
import { startWithAccounts } from '../account-clients.js';

test('CS is CHANSERV', async () => {
  const ann = await (await startWithAccounts()).client('ann');
  const short = await ann.ask('CS HELP');
  expect(short[0]).toMatch(/^:ChanServ!ChanServ@fdmux\.local NOTICE ann :Commands of ChanServ/);
  expect(await ann.ask('CHANSERV HELP')).toEqual(short);
});
