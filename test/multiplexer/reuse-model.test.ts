import { describe, test } from 'vitest';
import { holdAgainstModel, WAYS } from './reuse-model.js';

describe.each(WAYS)('$backend, $trigger', ({ backend, trigger }) => {
  test('reports what a model predicts while fds are closed, reused and duplicated', () => {
    holdAgainstModel(backend, trigger, 1, 2_000);
  });
});
