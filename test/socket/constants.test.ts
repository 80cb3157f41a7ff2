import { expect, it } from 'vitest';
import { native } from '../../src/binding/load.js';
import * as constants from '../../src/socket/constants.js';

it.each(Object.entries(constants))('%s has the value of the headers of this system', (name, value) => {
  // ioctl's requests are unsigned; the others are ints, of which none here is negative.
  expect(native.constants[name]).toBe(value);
});
