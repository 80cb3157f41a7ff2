import { expect, test } from 'vitest';
import { dataRow } from '../../src/control/status-row.js';

test('the line about the data says if it takes no writes', () => {
  const readings = { bytes: 4096, queued: 2, isTakingWrites: true };
  expect(dataRow(readings)).toBe('  data         4096 bytes, 2 writes wait');
  expect(dataRow({ ...readings, isTakingWrites: false })).toBe(`${dataRow(readings)}; it takes no writes`);
});
