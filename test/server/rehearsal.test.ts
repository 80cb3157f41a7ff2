/** A hand-over that is rehearsed: what it needs is loaded and compiled, and nothing else happens. */
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/server/config/load.js';
import { rehearse } from '../../src/server/hand-over/rehearsal.js';
import { openFds } from '../support/fds.js';

const BOTH = { plainPort: 0, ircPort: 0 };

test.each([
  ['both protocols', BOTH],
  ['plain lines only', { plainPort: 0, without: ['irc'] }],
  ['IRC only', { ircPort: 0, without: ['plain'] }],
] as const)('all clients of the rehearsal go from server to server: %s', async (_, flags) => {
  const config = await loadConfig({ ...flags, without: 'without' in flags ? [...flags.without] : [] });
  const before = openFds();
  expect(await rehearse(config, '0.0.0')).toBe(32);
  expect(openFds()).toEqual(before);
});

test('a process that serves nobody yet rehearses again and again, and leaves nothing open', async () => {
  const config = await loadConfig(BOTH);
  const before = openFds();
  expect(await rehearse(config, '0.0.0', true)).toBe(32);
  expect(openFds()).toEqual(before);
});

test('a server whose clients cannot move has nothing to rehearse', async () => {
  const config = await loadConfig(BOTH);
  expect(await rehearse({ ...config, listeners: [] }, '0.0.0')).toBe(0);
});
