/** USER: RFC 2812 section 3.1.3; modern, "USER message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('USER needs four parameters and a real name', async () => {
  const ann = await (await startIrc()).connect();
  expect(numerics(await ann.ask('NICK ann', 'USER a 0 *', 'USER a 0 * :'))).toEqual([
    '461 USER :Not enough parameters',
    '461 USER :Not enough parameters',
  ]);
});
