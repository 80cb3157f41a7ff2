/** TIME: RFC 2812 section 3.4.6; modern, "TIME message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('shows the local time', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(numerics(await ann.ask('TIME'))).toEqual([
    expect.stringMatching(/^391 fdmux\.local :\w{3} \w{3} \d\d \d{4} /),
  ]);
  expect(numerics(await ann.ask('TIME elsewhere'))).toEqual(['402 elsewhere :No such server']);
});
