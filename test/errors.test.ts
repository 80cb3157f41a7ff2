import { describe, expect, test } from 'vitest';
import {
  checkInteger,
  checkOneOf,
  checkOptions,
  type OptionNames,
  toBytes,
  toFd,
  toTimeoutMs,
} from '../src/arguments.js';
import {
  AbortError,
  ArgumentRangeError,
  ArgumentTypeError,
  closedError,
  FdmuxError,
  hasCode,
  isSystemError,
  present,
  systemError,
  UnknownOptionError,
} from '../src/errors.js';

describe('toFd', () => {
  test('takes a number, and an object that carries one', () => {
    expect(toFd(0)).toBe(0);
    expect(toFd({ fd: 0x7fff_ffff })).toBe(0x7fff_ffff);
  });

  test('reads the fd of an object once', () => {
    let reads = 0;
    const source = {
      get fd() {
        reads += 1;
        return reads;
      },
    };
    expect(toFd(source)).toBe(1);
    expect(reads).toBe(1);
  });

  test.each([NaN, Infinity, -Infinity, 1.9, -1, -2, 2 ** 31, 2 ** 32 + 1])('refuses the number %s', (fd) => {
    expect(() => toFd(fd)).toThrow(ArgumentRangeError);
    expect(() => toFd({ fd })).toThrow(RangeError);
  });

  test.each([undefined, null, '0', 0n, true, [], {}, { fd: '0' }, () => 0, Symbol('fd')])('refuses %o', (fd) => {
    expect(() => toFd(fd)).toThrow(ArgumentTypeError);
    expect(() => toFd(fd)).toThrow(TypeError);
  });
});

describe('toTimeoutMs', () => {
  test.each([undefined, null, Infinity, 2 ** 64, Number.MAX_VALUE])('%s waits for ever', (timeout) => {
    expect(toTimeoutMs(timeout)).toBe(-1);
  });

  test.each([0, 0.000_001, 1.5, 2 ** 31, 2 ** 32 + 1])('keeps %s', (timeout) => {
    expect(toTimeoutMs(timeout)).toBe(timeout);
  });

  test.each([-1, -0.1, -1e-100, NaN, -Infinity])('refuses the number %s', (timeout) => {
    expect(() => toTimeoutMs(timeout)).toThrow(ArgumentRangeError);
  });

  test.each(['1', 1n, {}, [], true])('refuses %o', (timeout) => {
    expect(() => toTimeoutMs(timeout)).toThrow(ArgumentTypeError);
  });
});

test('an integer is checked as a number first and by its range next', () => {
  expect(() => {
    checkInteger('1', 'count', 0, 10);
  }).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  for (const value of [-1, 11, 0.5, NaN, 2 ** 32]) {
    expect(() => {
      checkInteger(value, 'count', 0, 10);
    }).toThrow('"count" must be an integer from 0 to 10');
  }
});

test('a word is checked against the allowed ones, and the error names them', () => {
  expect(() => {
    checkOneOf('kqueue', 'backend', ['poll', 'epoll']);
  }).toThrow("\"backend\" must be one of 'poll', 'epoll'; received 'kqueue'");
});

test('toBytes shares the memory of a view and encodes a string as UTF-8', () => {
  const words = new Uint16Array([1, 2, 3]);
  expect(toBytes(words.subarray(1)).byteLength).toBe(4);
  expect(toBytes(words).buffer).toBe(words.buffer);
  expect([...toBytes('é')]).toEqual([0xc3, 0xa9]);
  const impostors: unknown[] = [Object.create(Uint8Array.prototype), new Proxy(new Uint8Array(1), {})];
  for (const value of [1, ...impostors]) expect(() => toBytes(value)).toThrow(ArgumentTypeError);
});

test('our errors carry a code and print as plain Errors', () => {
  const error = closedError('the multiplexer');
  expect(error).toBeInstanceOf(FdmuxError);
  expect(error).toMatchObject({ name: 'Error', code: 'ERR_CLOSED', message: 'the multiplexer is closed' });
  expect(hasCode(error, 'ERR_CLOSED')).toBe(true);
  expect(hasCode('ERR_CLOSED', 'ERR_CLOSED')).toBe(false);
});

test('a system error that we find first looks like the kernel’s', () => {
  const error = systemError('EEXIST', 'register', 'file exists', 7);
  expect(error).toMatchObject({ code: 'EEXIST', errno: -17, syscall: 'register', fd: 7 });
  expect(error.message).toBe('EEXIST: file exists, register');
  expect(isSystemError(error)).toBe(true);
  expect(isSystemError(closedError('it'))).toBe(false);
  expect(systemError('EBADF', 'select', 'bad file descriptor')).not.toHaveProperty('fd');
});

test('an AbortError has Node’s name, code and cause', () => {
  const error = new AbortError(AbortSignal.abort('enough'));
  expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
});

describe('checkOptions', () => {
  const names: OptionNames<{ readonly host?: string; readonly port: number }> = { host: true, port: true };

  test('takes any of the known keys, and none', () => {
    expect(() => checkOptions({}, 'options', names)).not.toThrow();
    expect(() => checkOptions({ port: 1, host: undefined }, 'options', names)).not.toThrow();
  });

  test.each(['prot', 'toString', '__proto__x', ''])('refuses the key %j, and names it and the known ones', (key) => {
    const check = () => checkOptions({ port: 1, [key]: 1 }, 'options', names);
    expect(check).toThrow(UnknownOptionError);
    expect(check).toThrow(expect.objectContaining({ code: 'ERR_UNKNOWN_OPTION' }));
    expect(check).toThrow(`'${key}'`);
    expect(check).toThrow("'host', 'port'");
  });

  test('refuses what is not an object', () => {
    for (const value of [null, 1, 'x', Symbol('x'), [], () => 1]) {
      expect(() => checkOptions(value, 'options', names)).toThrow(ArgumentTypeError);
    }
  });
});

describe('present', () => {
  test('returns the value if there is one, even a falsy one', () => {
    expect(present(0, 'the count')).toBe(0);
    expect(present('', 'the text')).toBe('');
  });

  test('refuses to go on without it', () => {
    expect(() => present(undefined, 'the count')).toThrow('the count is missing');
    expect(() => present(null, 'the count')).toThrow(expect.objectContaining({ code: 'ERR_INTERNAL' }));
  });
});
