/** HELP: modern, "HELP message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('HELP explains commands, and replies 524 to an unknown topic', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(numerics(await ann.ask('HELP JOIN')).map((line) => line.slice(0, 12))).toEqual([
    '704 JOIN :JO',
    '705 JOIN :',
    '705 JOIN :En',
    '706 JOIN :En',
  ]);
  expect(numerics(await ann.ask('HELP'), '704')).toEqual(['704 * :Help of the fdmux chat server']);
  expect(numerics(await ann.ask('HELP nonsense'))).toEqual(['524 nonsense :No help available on this topic']);
});
