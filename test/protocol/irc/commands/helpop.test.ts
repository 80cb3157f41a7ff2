/** HELPOP: another word for HELP (modern, "HELP message"). */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('gets the answer of HELP', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(await ann.ask('HELPOP JOIN')).toEqual(await ann.ask('HELP JOIN'));
  expect(numerics(await ann.ask('HELPOP nonsense'))).toEqual([expect.stringMatching(/^524 nonsense :/)]);
});
