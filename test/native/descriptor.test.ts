import { fsyncSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { WOULD_BLOCK } from '../../src/binding/contract.js';
import { native } from '../../src/binding/load.js';
import { hasCode } from '../../src/errors.js';
import { temporaryFolder } from '../support/temporary.js';
import { bytes, constant, errorOf, fill, useFds } from './fds.js';

const fds = useFds();

function isCloseOnExec(fd: number): boolean {
  const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
  return (Number.parseInt(flags, 8) & constant('O_CLOEXEC')) !== 0;
}

describe('descriptors', () => {
  test('read and write a part of the bytes', () => {
    const [reader, writer] = fds.pipe();
    expect(native.write(writer, bytes('hello'), 1, 3)).toBe(3);
    const buffer = new Uint8Array(6);
    expect(native.read(reader, buffer, 2, 4)).toBe(3);
    expect([...buffer]).toEqual([0, 0, ...bytes('ell'), 0]);
  });

  test('would block, and end', () => {
    const [reader, writer] = fds.pipe();
    expect(native.read(reader, new Uint8Array(1), 0, 1)).toBe(WOULD_BLOCK);
    fds.close(writer);
    expect(native.read(reader, new Uint8Array(1), 0, 1)).toBe(0);
  });

  test('would block when a pipe is full', () => {
    const [, writer] = fds.pipe();
    const chunk = new Uint8Array(65_536);
    let result = 0;
    while (result !== WOULD_BLOCK) result = native.write(writer, chunk, 0, chunk.length);
  });

  test('refuse ranges outside of the bytes', () => {
    const [reader] = fds.pipe();
    const buffer = new Uint8Array(8);
    for (const [offset, length] of [
      [9, 0],
      [8, 1],
      [0, 9],
      [-1, 1],
      [0, -1],
      [1.5, 1],
      [NaN, 1],
    ] as const) {
      expect(errorOf(() => native.read(reader, buffer, offset, length))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
  });

  test('find no room in bytes that were transferred away', () => {
    const [reader, writer] = fds.pipe();
    fill(writer, 'x');
    const buffer = new Uint8Array(8);
    structuredClone(buffer, { transfer: [buffer.buffer] });
    expect(errorOf(() => native.read(reader, buffer, 0, 1))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('become blocking and non-blocking', () => {
    const [reader] = native.pipe(false).map(fds.track);
    if (reader === undefined) throw new Error('no pipe');
    expect(native.isNonBlocking(reader)).toBe(false);
    native.setNonBlocking(reader, true);
    expect(native.isNonBlocking(reader)).toBe(true);
    native.setNonBlocking(reader, false);
    expect(native.isNonBlocking(reader)).toBe(false);
  });

  test('are close-on-exec when we make them', () => {
    const made = [...fds.pipe(), ...fds.socketPair(), fds.epoll(), fds.track(native.eventFd(0))];
    expect(made.map(isCloseOnExec)).toEqual(made.map(() => true));
  });

  test('are closed once', () => {
    const [reader] = fds.pipe();
    fds.close(reader);
    expect(errorOf(() => native.close(reader))).toMatchObject({ code: 'EBADF', syscall: 'close', fd: reader });
  });

  test('survive a request that writes more than its number says', ({ skip }) => {
    const EXTENT_BYTES = 56;
    const FS_IOC_FIEMAP = 0xc020660b;
    const file = fds.track(openSync(join(temporaryFolder(), 'file'), 'w+'));
    // Each second block, so that the file system keeps a list of them.
    for (let i = 0; i < 310; i++) native.pwrite(file, new Uint8Array(4096).fill(1), 0, 4096, i * 8192);
    fsyncSync(file);
    const askFor = (extents: number): DataView => {
      const request = new DataView(new ArrayBuffer(32 + 10 * EXTENT_BYTES));
      request.setBigUint64(8, 2n ** 62n, true);
      request.setUint32(24, extents, true);
      native.ioctl(file, FS_IOC_FIEMAP, new Uint8Array(request.buffer));
      return request;
    };
    try {
      if (askFor(10).getUint32(20, true) < 10) skip('a file system that keeps no list');
    } catch (error) {
      if (hasCode(error, 'EOPNOTSUPP')) skip('a file system without FIEMAP');
      throw error;
    }
    // 17 kB, while the addon's memory for it has 16 KiB.
    expect(errorOf(() => askFor(310))).toMatchObject({ code: 'EFAULT', syscall: 'ioctl' });
    expect(askFor(10).getUint32(20, true)).toBe(10);
  });

  test.each([
    ['read', (fd: number) => native.read(fd, new Uint8Array(1), 0, 1)],
    ['write', (fd: number) => native.write(fd, new Uint8Array(1), 0, 1)],
    ['fcntl', (fd: number) => native.setNonBlocking(fd, true)],
    ['fcntl', (fd: number) => native.isNonBlocking(fd)],
  ])('that are closed make %s say EBADF', (syscall, call) => {
    const fd = fds.closedFd();
    expect(errorOf(() => call(fd))).toMatchObject({ code: 'EBADF', errno: -9, syscall, fd });
  });

  test('that cannot be read say so', () => {
    const directory = fds.track(openSync('/', 'r'));
    expect(errorOf(() => native.read(directory, new Uint8Array(1), 0, 1))).toMatchObject({
      code: 'EISDIR',
      message: 'EISDIR: illegal operation on a directory, read',
    });
  });
});

describe('eventFd', () => {
  test('counts', () => {
    const fd = fds.track(native.eventFd(3));
    const counter = new BigUint64Array(1);
    const memory = new Uint8Array(counter.buffer);
    counter[0] = 4n;
    native.write(fd, memory, 0, 8);
    expect(native.read(fd, memory, 0, 8)).toBe(8);
    expect(counter[0]).toBe(7n);
    expect(native.read(fd, memory, 0, 8)).toBe(WOULD_BLOCK);
  });
});
