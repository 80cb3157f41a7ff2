/** The age of a database server, as far as its clock can be believed. */
import { expect, test } from 'vitest';
import { ServerAge } from '../../src/store/server-age.js';

test('a server whose clock was set back is as young as one that has just begun, and no younger', () => {
  const age = new ServerAge();
  age.said(-3_600_000);
  expect(age.ms).toBeGreaterThanOrEqual(0);
  expect(age.ms).toBeLessThan(60_000);
  age.said(3_600_000);
  expect(age.ms).toBeGreaterThanOrEqual(3_600_000);
});
