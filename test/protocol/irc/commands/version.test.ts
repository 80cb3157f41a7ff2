/**
 * VERSION: RFC 2812 section 3.4.3; modern, "VERSION message". All queries that may name a server behave like this one.
 */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('another server gets 402; our own name, a mask of it and a nick are us', async () => {
  const ann = await (await startIrc()).client('ann');
  for (const command of ['VERSION', 'TIME', 'INFO', 'ADMIN', 'MOTD']) {
    expect(numerics(await ann.ask(`${command} other.example`))).toEqual(['402 other.example :No such server']);
  }
  for (const target of ['fdmux.local', '*.local', 'ANN'])
    expect(numerics(await ann.ask(`TIME ${target}`), '391')).toHaveLength(1);
});

test('shows the version, the server and its features', async () => {
  const ann = await (await startIrc()).client('ann');
  const lines = numerics(await ann.ask('VERSION'));
  expect(lines[0]).toBe('351 fdmux-0.0.0 fdmux.local :fdmux chat server');
  expect(lines.slice(1).every((line) => line.startsWith('005 '))).toBe(true);
  expect(lines.length).toBeGreaterThan(2);
});
