import { expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import * as constants from '../../src/socket/constants.js';

const { SOMAXCONN, ...others } = constants;

test.each(Object.entries(others))('%s has the value of the headers of this system', (name, value) => {
  // ioctl's requests are unsigned; the others are ints, of which none here is negative.
  expect(native.constants[name]).toBe(value);
});

test('SOMAXCONN has the value of the headers of this system', { tags: ['needs-linux-somaxconn'] }, () => {
  expect(native.constants['SOMAXCONN']).toBe(SOMAXCONN);
});
