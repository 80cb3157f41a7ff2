/** The timeouts of relays beside each other, on a clock of the test. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type IdleRelay, IdleRelays } from '../../src/net/idle-relays.js';

let nowMs = 0;

beforeEach(() => {
  nowMs = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Relays whose timer fires when the test says that time has passed. */
function watched() {
  const pending = new Map<object, { readonly dueMs: number; readonly callback: () => void }>();
  const relays = IdleRelays.of({
    after: (delayMs, callback) => {
      const timer = { cancel: () => void pending.delete(timer) };
      pending.set(timer, { dueMs: nowMs + delayMs, callback });
      return timer;
    },
  });
  const next = () => [...pending].sort(([, a], [, b]) => a.dueMs - b.dueMs)[0];
  return {
    relays,
    pending,
    pass: (ms: number) => {
      const endMs = nowMs + ms;
      for (let due = next(); due !== undefined && due[1].dueMs <= endMs; due = next()) {
        const [timer, { dueMs, callback }] = due;
        pending.delete(timer);
        nowMs = Math.max(nowMs, dueMs);
        callback();
      }
      nowMs = endMs;
    },
  };
}

/** A relay that is taken out when it times out, as a relay does. */
function relayed(relays: IdleRelays, idleTimeoutMs: number) {
  const relay: IdleRelay & { movedBytes: number; endedMs: number | null } = {
    idleTimeoutMs,
    movedBytes: 0,
    endedMs: null,
    timedOut: () => {
      relay.endedMs ??= nowMs;
      relays.delete(relay);
    },
    unwatchable: () => undefined,
  };
  relays.add(relay);
  return relay;
}

test('a relay ends when nothing has moved for its timeout, and at most a quarter of that later', () => {
  const { relays, pending, pass } = watched();
  const beginMs = nowMs;
  const long = relayed(relays, 4000);
  pass(990);
  const short = relayed(relays, 400);
  pass(10_000);
  expect((long.endedMs ?? 0) - beginMs).toBeGreaterThanOrEqual(4000);
  expect((long.endedMs ?? 0) - beginMs).toBeLessThanOrEqual(5000);
  expect((short.endedMs ?? 0) - beginMs - 990).toBeGreaterThanOrEqual(400);
  expect((short.endedMs ?? 0) - beginMs - 990).toBeLessThanOrEqual(500);
  expect(pending.size).toBe(0);
});

test('others with shorter timeouts, which come and go, neither hasten nor delay its end', () => {
  const { relays, pass } = watched();
  const beginMs = nowMs;
  const long = relayed(relays, 40_000);
  for (let i = 0; i < 100 && long.endedMs === null; i += 1) {
    const short = relayed(relays, 40);
    pass(5);
    relays.delete(short);
    pass(795);
  }
  expect((long.endedMs ?? 0) - beginMs).toBeGreaterThanOrEqual(40_000);
  expect((long.endedMs ?? 0) - beginMs).toBeLessThanOrEqual(50_000);
});

test('bytes that move begin its time again', () => {
  const { relays, pass } = watched();
  const beginMs = nowMs;
  const relay = relayed(relays, 400);
  for (let i = 0; i < 20; i += 1) {
    pass(300);
    relay.movedBytes += 1;
  }
  pass(1000);
  expect((relay.endedMs ?? 0) - beginMs).toBeGreaterThanOrEqual(6400);
  expect((relay.endedMs ?? 0) - beginMs).toBeLessThanOrEqual(6500);
});

test('a process that was stopped looks for bytes before it ends anything', () => {
  const { relays, pass } = watched();
  const relay = relayed(relays, 400);
  nowMs += 60_000;
  pass(0);
  expect(relay.endedMs).toBeNull();
  relay.movedBytes += 1;
  pass(300);
  expect(relay.endedMs).toBeNull();
});
