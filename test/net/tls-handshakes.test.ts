import { expect, onTestFinished, test, vi } from 'vitest';
import { Handshakes } from '../../src/net/tls-handshakes.js';

/** Handshakes of which the process has computed `usedMs` while `elapsedMs` passed. */
function computed(usedMs: number, elapsedMs: number): Handshakes {
  let nowMs = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  vi.spyOn(process, 'cpuUsage').mockImplementation((before) => ({
    user: before === undefined ? 0 : usedMs * 1000,
    system: 0,
  }));
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  const clock = { nowMs, after: () => ({ cancel: () => undefined }) };
  const handshakes = new Handshakes(clock, { timeoutMs: 10_000, max: 1, cpuPercent: 50 });
  handshakes.compute(() => {
    nowMs += elapsedMs;
  });
  return handshakes;
}

test('others wait while handshakes have computed for more than their share', () => {
  const handshakes = computed(150, 150);
  expect(handshakes.makeRoom()).toBe(0);
  expect(handshakes.restMs).toBe(100);
});

test('what other programs compute meanwhile does not count', () => {
  expect(computed(1, 150).makeRoom()).toBe(1);
});

test('what other threads of the process compute meanwhile does not count', () => {
  expect(computed(150, 1).makeRoom()).toBe(1);
});
