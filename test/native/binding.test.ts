import { expect, it } from 'vitest';
import { native } from '../../src/binding.js';

it('loads the addon of this machine', () => {
  expect(native.constants['EPOLLIN']).toBe(1);
  expect(native.eventStrideWords).toBeGreaterThan(0);
});
