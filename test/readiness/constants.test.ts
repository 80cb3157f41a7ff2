import { expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import * as constants from '../../src/readiness/constants.js';

const named = Object.entries(constants).flatMap(([name, value]) =>
  typeof value === 'number' ? [{ name, value }] : [],
);

test.each(named)('$name has the value of this system’s headers', ({ name, value }) => {
  expect(value).toBe((native.constants[name] ?? NaN) >>> 0);
});

test('every POLL and EPOLL event constant of the system is exported', () => {
  const ours = new Set(named.map(({ name }) => name));
  const events = Object.keys(native.constants).filter((name) => /^E?POLL[A-Z]+$/.test(name) && name !== 'POLLREMOVE');
  expect(events.filter((name) => !ours.has(name))).toEqual([]);
});

test('only the bits of epoll are known', () => {
  expect(constants.unknownEpollEvents(constants.EPOLLIN | constants.EPOLLET)).toBe(0);
  expect(constants.unknownEpollEvents(-1)).not.toBe(0);
  expect(constants.unknownEpollEvents(0x0800_0000)).not.toBe(0);
});
