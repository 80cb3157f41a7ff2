import { expect, test } from 'vitest';
import { ConfigError } from '../../src/server/config/config-error.js';
import { loadConfig } from '../../src/server/config/load.js';
import { assignFds } from '../../src/server/inherited-fds.js';

/** Assigns fds 3 and up, with these names, to a plain and an IRC listener. @returns the protocol of each fd */
async function assign(...names: readonly string[]): Promise<Record<number, string>> {
  const { listeners } = await loadConfig({});
  const fds = names.map((name, index) => ({ fd: 3 + index, name }));
  return Object.fromEntries([...assignFds(fds, listeners)].map(([{ protocol }, fd]) => [fd, protocol]));
}

test('names of protocols decide, and then the order', async () => {
  expect(await assign()).toEqual({});
  expect(await assign('irc')).toEqual({ 3: 'irc' });
  expect(await assign('irc', 'plain')).toEqual({ 3: 'irc', 4: 'plain' });
  expect(await assign('unknown', 'unknown')).toEqual({ 3: 'plain', 4: 'irc' });
  expect(await assign('fdmux.socket', 'plain')).toEqual({ 3: 'irc', 4: 'plain' });
});

test('an fd without a listener is an error that names it', async () => {
  await expect(assign('irc', 'irc')).rejects.toThrow(ConfigError);
  await expect(assign('irc', 'irc')).rejects.toThrow('the inherited fd 4 (irc) has no listener');
  await expect(assign('a', 'b', 'c')).rejects.toThrow('the inherited fd 5 (c) has no listener');
});
