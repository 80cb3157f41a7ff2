/** MOTD: RFC 2812 section 3.4.1; modern, "MOTD message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('is sent line by line', async () => {
  const ann = await (await startIrc({ irc: { motd: ['one', '', 'three'] } })).client('ann');
  expect(numerics(await ann.ask('MOTD'))).toEqual([
    '375 :- fdmux.local Message of the day - ',
    '372 :- one',
    '372 :- ',
    '372 :- three',
    '376 :End of /MOTD command.',
  ]);
});

test('gets 422 if there is none, and 402 for another server', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(numerics(await ann.ask('MOTD', 'MOTD elsewhere'))).toEqual([
    '422 :MOTD File is missing',
    '402 elsewhere :No such server',
  ]);
});
