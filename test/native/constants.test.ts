import { constants as nodeConstants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';

describe('constants', () => {
  test.each([...Object.entries(nodeConstants.errno), ...Object.entries(nodeConstants.signals)])(
    'have %s as Node.js has it',
    (name, value) => {
      // Second names of SIGABRT and SIGIO, and one that Linux defines and never sends.
      if (['SIGIOT', 'SIGPOLL', 'SIGUNUSED', 'SIGINFO'].includes(name)) return;
      expect(native.constants[name]).toBe(value);
    },
  );

  test('are unsigned integers', () => {
    for (const [name, value] of Object.entries(native.constants)) {
      expect(Number.isInteger(value) && value >= 0, name).toBe(true);
    }
    expect(native.constants['EPOLLET']).toBe(2 ** 31);
  });

  test('cannot be changed', () => {
    expect(Object.isFrozen(native.constants)).toBe(true);
  });
});

describe('describeErrno', () => {
  // Node.js calls EOPNOTSUPP by its second name.
  const known = [...getSystemErrorMap()].filter(
    ([, [code]]) => code !== 'ENOTSUP' && Object.hasOwn(nodeConstants.errno, code),
  );

  test.each(known)('has the name and the words of Node.js for errno %i', (errno, [code, reason]) => {
    expect(native.describeErrno(-errno)).toEqual([code, reason]);
  });

  test('names an errno that this system does not have by its number', () => {
    expect(native.describeErrno(4095)).toEqual(['E4095', 'unknown error']);
  });
});
