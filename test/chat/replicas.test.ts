import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seeded } from '../support/random.js';
import { expectEqualReplicas } from './replicas.js';

test('those who apply the same log have the same state after every pack, even if entries arrive twice or late', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = seeded(seed);
      const counted = expectEqualReplicas((below) => Math.floor(random() * below), {
        entries: 200,
        every: 5,
        restores: 1,
      });
      expect(counted).toBeGreaterThan(60);
    }),
    { numRuns: 6 },
  );
});
