import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { constant, errorOf, fill, useFds } from './fds.js';
import { sendSignals } from './signals.js';

const fds = useFds();

/** A list of fds with room for the places of the ready ones. */
function withRoom(...fds: number[]): Int32Array {
  const list = new Int32Array(fds.length * 2);
  list.set(fds);
  return list;
}

function select(read: number[], write: number[], except: number[], timeoutMs = 0) {
  const fds = [...read, ...write, ...except];
  const list = withRoom(...fds);
  const count = native.select(list, read.length, write.length, except.length, timeoutMs, false, null);
  expect([...list.subarray(0, fds.length)]).toEqual(fds);
  return { count, places: [...list.subarray(fds.length, fds.length + count)] };
}

describe('select', () => {
  test('leaves the places of the ready fds of all three sets behind the fds, ascending', () => {
    const [quiet, quietWriter] = fds.pipe();
    const [loud, loudWriter] = fds.pipe();
    fill(loudWriter, 'x');
    expect(select([quiet, loud], [quietWriter], [loud])).toEqual({ count: 2, places: [1, 2] });
  });

  test('answers an entry named twice twice', () => {
    const [, writer] = fds.pipe();
    expect(select([], [writer, writer], [])).toEqual({ count: 2, places: [0, 1] });
    expect(select([writer, writer], [writer], [])).toEqual({ count: 1, places: [2] });
  });

  test('answers anew when the same fds are asked about again, and when others are', () => {
    const [quiet, quietWriter] = fds.pipe();
    const [loud, loudWriter] = fds.pipe();
    fill(loudWriter, 'x');
    expect(select([quiet, loud], [], [])).toEqual({ count: 1, places: [1] });
    fill(quietWriter, 'x');
    expect(select([quiet, loud], [], [])).toEqual({ count: 2, places: [0, 1] });
    expect(select([loud, quiet], [], [])).toEqual({ count: 2, places: [0, 1] });
    expect(select([quiet], [loud], [])).toEqual({ count: 1, places: [0] });
    fds.close(loud);
    expect(errorOf(() => select([quiet], [loud], []))).toMatchObject({ code: 'EBADF', fd: loud });
    expect(select([quiet], [], [])).toEqual({ count: 1, places: [0] });
  });

  test('keeps nothing of a list that it has refused', () => {
    const [reader, writer] = fds.pipe();
    fill(writer, 'x');
    for (let times = 0; times < 2; times += 1) {
      expect(errorOf(() => select([reader, -1], [], []))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
      expect(errorOf(() => select([reader, 1_000_000_000], [], []))).toMatchObject({ code: 'EBADF' });
    }
    expect(select([reader], [], [])).toEqual({ count: 1, places: [0] });
  });

  test('refuses a list without room for the answer', () => {
    const [reader] = fds.pipe();
    const error = errorOf(() => native.select(Int32Array.of(reader), 1, 0, 0, 0));
    expect(error).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('finds nothing after a timeout', () => {
    const [reader] = fds.pipe();
    expect(select([reader], [], [], 1)).toEqual({ count: 0, places: [] });
  });

  test('sees urgent data in the except set alone', () => {
    const listener = fds.socket('AF_INET', 'SOCK_STREAM');
    native.bind(listener, native.encodeInet(4, '127.0.0.1', 0, 0, 0));
    native.listen(listener, 1);
    const client = fds.socket('AF_INET', 'SOCK_STREAM');
    native.connect(client, native.getSockName(listener));
    expect(select([listener], [client], [], 1000).count).toBeGreaterThan(0);
    const server = fds.accept(listener);
    native.send(client, Uint8Array.of(1), 0, 1, constant('MSG_OOB'));
    expect(select([], [], [server], 1000)).toEqual({ count: 1, places: [0] });
  });

  test('waits with no fds at all, and never ends early', () => {
    const start = process.hrtime.bigint();
    expect(select([], [], [], 20.5)).toEqual({ count: 0, places: [] });
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(20.5);
  });

  test('says EBADF, with the fd, for a closed fd among open ones', () => {
    const [reader, writer] = fds.pipe();
    const closed = fds.closedFd();
    expect(errorOf(() => select([reader], [writer], [closed]))).toMatchObject({
      code: 'EBADF',
      errno: -9,
      syscall: 'select',
      fd: closed,
    });
  });

  test.each([1023, 1024, 65_536, 1_000_000_000, 2_147_483_647])('says EBADF for fd %i, which no table holds', (fd) => {
    const [reader] = fds.pipe();
    expect(errorOf(() => select([reader, fd], [], []))).toMatchObject({ code: 'EBADF', fd });
  });

  test('refuses a negative fd', () => {
    expect(errorOf(() => select([-1], [], []))).toMatchObject({ code: 'ERR_OUT_OF_RANGE', name: 'RangeError' });
  });

  test('refuses counts that the list does not hold', () => {
    const list = Int32Array.of(0, 1);
    expect(errorOf(() => native.select(list, 1, 1, 1, 0, false, null))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(errorOf(() => native.select(list, 3, 0, 0, 0, false, null))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('ends early and empty on a signal, or goes on to its deadline', { tags: ['needs-signals'] }, () => {
    const [reader] = fds.pipe();
    sendSignals();
    expect(native.select(withRoom(reader), 1, 0, 0, 60_000, false, null)).toBe(0);
    const start = process.hrtime.bigint();
    expect(native.select(withRoom(reader), 1, 0, 0, 200, true, null)).toBe(0);
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(200);
  });

  test('is not interrupted by a signal that its mask blocks', { tags: ['needs-signals'] }, () => {
    const signal = sendSignals();
    const start = process.hrtime.bigint();
    native.select(new Int32Array(0), 0, 0, 0, 100, false, [constant(signal)]);
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(100);
  });
});

describe('selectSets', () => {
  test('takes sets without any room, and sets whose memory was transferred away', () => {
    const transferred = new Int32Array(12);
    structuredClone(transferred, { transfer: [transferred.buffer] });
    for (const sets of [new Int32Array(0), transferred]) expect(native.selectSets(sets, 0, 0)).toBe(0);
  });
});
