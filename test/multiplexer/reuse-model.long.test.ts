import { describe, test } from 'vitest';
import { holdAgainstModel, WAYS } from './reuse-model.js';

describe.each(WAYS)('$backend, $trigger', ({ backend, trigger }) => {
  test.each([11, 12, 13])('seed %i: reports what a model predicts over 100,000 changes', (seed) => {
    holdAgainstModel(backend, trigger, seed, 100_000);
  });
});
