/** LINKS: RFC 2812 section 3.4.5; modern, "LINKS message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('lists the only server', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(numerics(await ann.ask('LINKS'))).toEqual([
    '364 fdmux.local fdmux.local :0 fdmux chat server',
    '365 * :End of /LINKS list',
  ]);
});
