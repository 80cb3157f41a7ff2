/** PONG: RFC 2812 section 3.7.3; modern, "PONG message". */
import { expect, test } from 'vitest';
import { startIrc } from '../irc-client.js';

test.each([60, 1100])('a client silent for %i ms is pinged, and closed if it does not answer', async (limitMs) => {
  const server = await startIrc({ limits: { pingIntervalMs: limitMs, pingTimeoutMs: limitMs } });
  const ann = await server.connect();
  const startedMs = performance.now();
  ann.send('NICK ann', 'USER a 0 * :Ann');
  const lines = await ann.rest();
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(2 * limitMs);
  expect(lines.at(-2)).toBe('PING :fdmux.local');
  expect(lines.at(-1)).toMatch(/^ERROR :Closing Link: 127\.0\.0\.1 \(Ping timeout: \d+ seconds\)$/);
});

test('gets no answer, and keeps its sender connected', async () => {
  const server = await startIrc({ limits: { pingIntervalMs: 100, pingTimeoutMs: 1000 } });
  const ann = await server.client('ann');
  expect(await ann.ask('PONG', 'PONG :fdmux.local')).toEqual([]);
  for (let round = 0; round < 2; round += 1) {
    expect(await ann.line()).toBe('PING :fdmux.local');
    ann.send('PONG :fdmux.local');
  }
});
