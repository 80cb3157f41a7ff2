/** INFO: RFC 2812 section 3.4.10; modern, "INFO message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('describes the program', async () => {
  const ann = await (await startIrc()).client('ann');
  const lines = numerics(await ann.ask('INFO'));
  expect(lines[0]).toMatch(/^371 :fdmux 0\.0\.0: /);
  expect(lines.at(-1)).toBe('374 :End of /INFO list');
  expect(numerics(await ann.ask('INFO elsewhere'))).toEqual(['402 elsewhere :No such server']);
});
