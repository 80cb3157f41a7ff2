import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { constant, errorOf, fill, useFds } from './fds.js';
import { sendSignals } from './signals.js';

const fds = useFds();
const POLLIN = constant('POLLIN');
const POLLOUT = constant('POLLOUT');
const POLLHUP = constant('POLLHUP');
const POLLNVAL = constant('POLLNVAL');

/** Entries with room for the places of the ready ones. */
function withRoom(...words: number[]): Int32Array {
  const list = new Int32Array((words.length / 2) * 3);
  list.set(words);
  return list;
}

function poll(entries: [fd: number, events: number][], timeoutMs = 0) {
  const list = withRoom(...entries.flat());
  const count = native.poll(list, entries.length, timeoutMs, false, null);
  const revents = entries.map((_, i) => (list[2 * i + 1] ?? 0) >>> 16);
  const places = [...list.subarray(2 * entries.length, 2 * entries.length + count)];
  expect(places).toEqual([...revents.keys()].filter((i) => revents[i] !== 0));
  return { count, revents };
}

describe('poll', () => {
  test('fills revents in place, counts the entries that have some and leaves their places behind the entries', () => {
    const [reader, writer] = fds.pipe();
    fill(writer, 'x');
    expect(
      poll([
        [reader, POLLIN],
        [writer, POLLOUT],
        [writer, POLLIN],
      ]),
    ).toEqual({
      count: 2,
      revents: [POLLIN, POLLOUT, 0],
    });
  });

  test('keeps events as they were', () => {
    const [reader] = fds.pipe();
    const list = withRoom(reader, POLLIN | 0x7fff_0000);
    native.poll(list, 1, 0, false, null);
    expect(list[1]).toBe(POLLIN);
  });

  test('reports hangup unasked, NVAL for a closed fd, and nothing for a negative one', () => {
    const [reader, writer] = fds.pipe();
    fds.close(writer);
    expect(
      poll([
        [reader, 0],
        [fds.closedFd(), POLLIN],
        [-5, POLLIN],
      ]),
    ).toEqual({
      count: 2,
      revents: [POLLHUP, POLLNVAL, 0],
    });
  });

  test('looks at the first entries only, as many as it is asked for', () => {
    const [, writer] = fds.pipe();
    const list = Int32Array.of(writer, POLLOUT, writer, POLLOUT);
    expect(native.poll(list, 1, 0, false, null)).toBe(1);
    expect(list[3]).toBe(POLLOUT);
  });

  test('refuses a list without room for the answer', () => {
    const [, writer] = fds.pipe();
    const error = errorOf(() => native.poll(Int32Array.of(writer, POLLOUT), 1, 0));
    expect(error).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('waits with no entries, and never ends early', () => {
    const start = process.hrtime.bigint();
    expect(poll([], 10.25).count).toBe(0);
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(10.25);
  });

  test('takes timeouts beyond 2^31 ms and without end', () => {
    const [, writer] = fds.pipe();
    for (const timeoutMs of [2 ** 31, 2 ** 53, Number.MAX_VALUE, Infinity, -1]) {
      expect(poll([[writer, POLLOUT]], timeoutMs).count).toBe(1);
    }
  });

  test.each([-2, -0.5, -Infinity, NaN])('refuses a timeout of %d', (timeoutMs) => {
    expect(errorOf(() => poll([], timeoutMs))).toMatchObject({ code: 'ERR_OUT_OF_RANGE', name: 'RangeError' });
  });

  test('ends early and empty on a signal, or goes on to its deadline', { tags: ['needs-signals'] }, () => {
    const [reader] = fds.pipe();
    sendSignals();
    expect(native.poll(withRoom(reader, POLLIN), 1, 60_000, false, null)).toBe(0);
    const start = process.hrtime.bigint();
    expect(native.poll(withRoom(reader, POLLIN), 1, 200, true, null)).toBe(0);
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(200);
  });

  test('is not interrupted by a signal that its mask blocks', { tags: ['needs-signals'] }, () => {
    const signal = sendSignals();
    const start = process.hrtime.bigint();
    native.poll(new Int32Array(0), 0, 100, false, [constant(signal)]);
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(100);
  });

  test('takes its memory after the signal mask was read, whose elements may run code', () => {
    const [, writer] = fds.pipe();
    const memory = new ArrayBuffer(12);
    new Int32Array(memory).set([writer, POLLOUT]);
    const mask: number[] = [];
    Object.defineProperty(mask, 0, {
      get: () => {
        structuredClone(memory, { transfer: [memory] });
        return constant('SIGUSR1');
      },
    });
    const error = errorOf(() => native.poll(new Int32Array(memory), 1, 0, false, mask));
    expect(error).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});
