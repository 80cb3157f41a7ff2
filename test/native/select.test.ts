import { describe, expect, it } from 'vitest';
import { native } from '../../src/binding.js';
import { constant, errorOf, fill, useFds } from './fds.js';
import { sendSignals } from './signals.js';

const fds = useFds();

function select(read: number[], write: number[], except: number[], timeoutMs = 0) {
  const list = Int32Array.from([...read, ...write, ...except]);
  const count = native.select(list, read.length, write.length, except.length, timeoutMs, false, null);
  return { count, flags: [...list] };
}

describe('select', () => {
  it('marks the ready entries of each set with 1 and the others with 0', () => {
    const [quiet, quietWriter] = fds.pipe();
    const [loud, loudWriter] = fds.pipe();
    fill(loudWriter, 'x');
    expect(select([quiet, loud], [quietWriter], [loud])).toEqual({ count: 2, flags: [0, 1, 1, 0] });
  });

  it('answers an entry named twice twice', () => {
    const [, writer] = fds.pipe();
    expect(select([], [writer, writer], [])).toEqual({ count: 2, flags: [1, 1] });
  });

  it('marks nothing after a timeout', () => {
    const [reader] = fds.pipe();
    expect(select([reader], [], [], 1)).toEqual({ count: 0, flags: [0] });
  });

  it('sees urgent data in the except set alone', () => {
    const listener = fds.socket('AF_INET', 'SOCK_STREAM');
    native.bind(listener, native.encodeInet(4, '127.0.0.1', 0, 0, 0));
    native.listen(listener, 1);
    const client = fds.socket('AF_INET', 'SOCK_STREAM');
    native.connect(client, native.getSockName(listener));
    expect(select([listener], [client], [], 1000).count).toBeGreaterThan(0);
    const server = fds.track(native.accept(listener, true));
    native.send(client, Uint8Array.of(1), 0, 1, constant('MSG_OOB'));
    expect(select([], [], [server], 1000)).toEqual({ count: 1, flags: [1] });
  });

  it('waits with no fds at all, and never ends early', () => {
    const start = process.hrtime.bigint();
    expect(select([], [], [], 20.5)).toEqual({ count: 0, flags: [] });
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(20.5);
  });

  it('says EBADF, with the fd, for a closed fd among open ones', () => {
    const [reader, writer] = fds.pipe();
    const closed = fds.closedFd();
    expect(errorOf(() => select([reader], [writer], [closed]))).toMatchObject({
      code: 'EBADF',
      errno: -9,
      syscall: 'select',
      fd: closed,
    });
  });

  it.each([1023, 1024, 65_536, 1_000_000_000, 2_147_483_647])('says EBADF for fd %i, which no table holds', (fd) => {
    const [reader] = fds.pipe();
    expect(errorOf(() => select([reader, fd], [], []))).toMatchObject({ code: 'EBADF', fd });
  });

  it('refuses a negative fd', () => {
    expect(errorOf(() => select([-1], [], []))).toMatchObject({ code: 'ERR_OUT_OF_RANGE', name: 'RangeError' });
  });

  it('refuses counts that the list does not hold', () => {
    const list = Int32Array.of(0, 1);
    expect(errorOf(() => native.select(list, 1, 1, 1, 0, false, null))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(errorOf(() => native.select(list, 3, 0, 0, 0, false, null))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  it('ends early and empty on a signal, or goes on to its deadline', () => {
    const [reader] = fds.pipe();
    sendSignals();
    expect(native.select(Int32Array.of(reader), 1, 0, 0, 60_000, false, null)).toBe(0);
    const start = process.hrtime.bigint();
    expect(native.select(Int32Array.of(reader), 1, 0, 0, 200, true, null)).toBe(0);
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(200);
  });

  it('is not interrupted by a signal that its mask blocks', () => {
    const signal = sendSignals();
    const start = process.hrtime.bigint();
    native.select(new Int32Array(0), 0, 0, 0, 100, false, [constant(signal)]);
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThanOrEqual(100);
  });
});
