import { expect, test } from 'vitest';
import { seeded } from '../support/random.js';
import { expectEqualReplicas } from './replicas.js';

test('two states of a log of 100,000 random entries are equal after every pack', { timeout: 300_000 }, () => {
  const random = seeded(20_261_125);
  const counted = expectEqualReplicas((below) => Math.floor(random() * below), {
    entries: 100_000,
    every: 40,
    restores: 10,
  });
  expect(counted).toBeGreaterThan(15_000);
});
