import { describe, test } from 'vitest';
import { holdAgainstModel, WAYS } from './reuse-model.js';

describe.each(WAYS)('$backend, $trigger', ({ backend, trigger }) => {
  test('what is reported is what a model says, while fds are closed, reused and duplicated', () => {
    holdAgainstModel(backend, trigger, 1, 2_000);
  });
});
