import { expect, test } from 'vitest';
import { type ClassSettings, DEFAULT_CLASS } from '../../src/protocol/limits.js';
import { sourceKey } from '../../src/protocol/source-key.js';
import { Admission } from '../../src/server/admission.js';

const limits = (changes: Partial<ClassSettings>): ClassSettings => ({ ...DEFAULT_CLASS, ...changes });
const TOO_FAST = 'too many connections from your address in a short time';
const TOO_MANY = 'too many connections from your address';

test('a refused peer takes nobody’s place', () => {
  const admission = new Admission();
  const settings = limits({ maxPerAddress: 2, connectionsPerMinute: 0 });
  const enter = (host: string) => admission.enter(host, settings, 3, 0);
  expect([enter('192.0.2.1'), enter('192.0.2.1')]).toEqual([null, null]);
  for (let attempt = 0; attempt < 100; attempt += 1) expect(enter('192.0.2.1')).toBe(TOO_MANY);
  expect(enter('192.0.2.2')).toBeNull();
  expect(enter('192.0.2.3')).toBe('the server is full');
  admission.leave('192.0.2.1', settings);
  expect(enter('192.0.2.3')).toBeNull();
});

test('an address may open a burst of connections, then so many per minute', () => {
  const admission = new Admission();
  const settings = limits({ connectionsPerMinute: 30, burstConnections: 3 });
  const churn = (host: string, nowMs: number): string | null => {
    const refusal = admission.enter(host, settings, 0, nowMs);
    if (refusal === null) admission.leave(host, settings);
    return refusal;
  };
  expect([0, 1, 2, 3, 4].map((nowMs) => churn('192.0.2.1', nowMs))).toEqual([null, null, null, TOO_FAST, TOO_FAST]);
  expect(churn('192.0.2.2', 5)).toBeNull();
  expect([2000, 2001, 4001].map((nowMs) => churn('192.0.2.1', nowMs))).toEqual([null, TOO_FAST, null]);
});

test('new limits apply from the next connection, for known addresses too', () => {
  const admission = new Admission();
  const strict = limits({ connectionsPerMinute: 1, burstConnections: 1 });
  expect(admission.enter('192.0.2.1', strict, 0, 0)).toBeNull();
  expect(admission.enter('192.0.2.1', strict, 0, 1)).toBe(TOO_FAST);
  const lenient = limits({ connectionsPerMinute: 0, maxPerAddress: 2 });
  expect(admission.enter('192.0.2.1', lenient, 0, 2)).toBeNull();
  expect(admission.enter('192.0.2.1', lenient, 0, 3)).toBe(TOO_MANY);
});

test('a peer that moves to another address leaves its place at the old one, and keeps it if it is refused', () => {
  const admission = new Admission();
  const settings = limits({ maxPerAddress: 1, connectionsPerMinute: 0 });
  const peer = (host: string) => ({ host, limits: settings });
  const move = (from: string, to: string) => admission.move(peer(from), peer(to), 2, 0);
  expect(admission.enter('192.0.2.1', settings, 2, 0)).toBeNull();
  expect(admission.enter('192.0.2.2', settings, 2, 0)).toBeNull();
  // The server is full, and stays so.
  expect(move('192.0.2.1', '192.0.2.2')).toBe(TOO_MANY);
  expect(move('192.0.2.1', '192.0.2.3')).toBeNull();
  admission.leave('192.0.2.2', settings);
  expect(admission.enter('192.0.2.3', settings, 2, 0)).toBe(TOO_MANY);
  expect(admission.enter('192.0.2.1', settings, 2, 0)).toBeNull();
  expect(admission.enter('192.0.2.2', settings, 2, 0)).toBe('the server is full');
});

test('all addresses of an IPv6 network count as one', () => {
  expect(sourceKey('2001:db8:1:2:3:4:5:6', 64)).toBe(sourceKey('2001:db8:1:2::9', 64));
  expect(sourceKey('2001:db8:1:2::1', 64)).not.toBe(sourceKey('2001:db8:1:3::1', 64));
  expect(sourceKey('2001:db8:1:2ff::1', 56)).toBe(sourceKey('2001:db8:1:200::1', 56));
  expect(sourceKey('2001:db8::1', 128)).not.toBe(sourceKey('2001:db8::2', 128));
  expect(sourceKey('192.0.2.1', 64)).toBe('192.0.2.1');
  expect(sourceKey('localhost', 64)).toBe('localhost');
});
