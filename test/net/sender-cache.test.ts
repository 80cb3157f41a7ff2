import { type Address, encodeAddress } from 'fdmux';
import { expect, test } from 'vitest';
import { SenderCache } from '../../src/net/sender-cache.js';

const SLOT_BYTES = 128;

/** Asks the cache for addresses that lie one behind the other, as a batch leaves them. */
function ask(cache: SenderCache, addresses: readonly Address[]): (Address | null)[] {
  const bytes = Buffer.allocUnsafeSlow(addresses.length * SLOT_BYTES).fill(0xaa);
  const words = new Int32Array(bytes.buffer);
  const lengths = addresses.map((address, index) => {
    const raw = encodeAddress(address);
    bytes.set(raw, index * SLOT_BYTES);
    return raw.length;
  });
  return lengths.map((length, index) => cache.at(bytes, words, index * SLOT_BYTES, length));
}

test('distinguishes senders that share a host, a port, or the first bytes', () => {
  const inet6 = { family: 'inet6', host: '::1', port: 5353, flowInfo: 0, scopeId: 0 } as const;
  const senders: readonly Address[] = [
    { family: 'inet', host: '127.0.0.1', port: 5353 },
    { family: 'inet', host: '127.0.0.2', port: 5353 },
    { family: 'inet', host: '127.0.0.2', port: 5354 },
    inet6,
    { ...inet6, host: '::2' },
    { ...inet6, scopeId: 3 },
    { family: 'inet', host: '127.0.0.2', port: 5354 },
    { family: 'unix', abstract: 'first name' },
    { family: 'unix', abstract: 'first nams' },
  ];
  const cache = new SenderCache();
  expect(ask(cache, senders)).toEqual(senders);
  expect(ask(cache, senders.toReversed())).toEqual(senders.toReversed());
});

test('gives one object for all messages of a sender, whether others have sent in between or not', () => {
  const cache = new SenderCache();
  const one: Address = { family: 'inet', host: '127.0.0.1', port: 1 };
  const two: Address = { family: 'inet', host: '127.0.0.1', port: 2 };
  const [first, again, , later] = ask(cache, [one, one, two, one]);
  expect(again).toBe(first);
  expect(later).toBe(first);
});

test('gives null for a message without a sender, also after one with a sender', () => {
  const cache = new SenderCache();
  ask(cache, [{ family: 'inet', host: '127.0.0.1', port: 1 }]);
  const memory = Buffer.allocUnsafeSlow(SLOT_BYTES).fill(0);
  expect(cache.at(memory, new Int32Array(memory.buffer), 0, 0)).toBeNull();
});
