/** Positions, locks, seals and pipes: the calls of files. */
import { constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  canLockRange,
  Descriptor,
  F_ADD_SEALS,
  F_GET_SEALS,
  F_GETFL,
  F_GETPIPE_SZ,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  F_SETPIPE_SZ,
  flock,
  lockRange,
  pipe,
  sendFile,
  splice,
  tee,
} from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { errorOf } from '../native/fds.js';
import { disposedAtEnd } from '../support/fds.js';
import { unixPair } from '../support/sockets.js';
import { callUntyped } from '../support/untyped.js';

function scratchFile(content = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-files-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return path;
}

const openFile = (path: string): Descriptor => disposedAtEnd(Descriptor.open(path, constants.O_RDWR));

function testPipe(): [reader: Descriptor, writer: Descriptor] {
  const [reader, writer] = pipe();
  return [disposedAtEnd(reader), disposedAtEnd(writer)];
}

function fillPipe(writer: Descriptor): void {
  while (writer.write(Buffer.alloc(65_536)) !== null);
}

describe('positions', () => {
  test('are read and written at without moving', () => {
    const file = openFile(scratchFile('0123456789'));
    expect(file.pread(3, 4)?.toString()).toBe('456');
    expect(file.pwrite('ab', 1)).toBe(2);
    expect(file.read(100)?.toString()).toBe('0ab3456789');
    expect(file.pread(1, 2 ** 40)).toHaveLength(0);
  });

  test('move from the start, from here and from the end', () => {
    const file = openFile(scratchFile('0123456789'));
    expect([file.lseek(4), file.lseek(2, 'current'), file.lseek(-1, 'end')]).toEqual([4, 6, 9]);
    expect(file.read(10)?.toString()).toBe('9');
    expect(errorOf(() => file.lseek(-1))).toMatchObject({ code: 'EINVAL', syscall: 'lseek' });
    expect(errorOf(() => callUntyped(file, 'lseek', 0, 'middle'))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('find the data and the holes of a sparse file', () => {
    const file = disposedAtEnd(Descriptor.memfd());
    file.pwrite('x', 1024 * 1024);
    expect(file.lseek(0, 'data')).toBe(1024 * 1024);
    expect(file.lseek(0, 'hole')).toBe(0);
  });

  test('are refused by a pipe', () => {
    const [reader, writer] = testPipe();
    expect(errorOf(() => reader.pread(1, 0))).toMatchObject({ code: 'ESPIPE', syscall: 'pread' });
    expect(errorOf(() => writer.pwrite('x', 0))).toMatchObject({ code: 'ESPIPE', syscall: 'pwrite' });
    expect(errorOf(() => reader.lseek(0))).toMatchObject({ code: 'ESPIPE' });
    for (const position of [-1, 0.5, NaN, 2 ** 53]) {
      expect(errorOf(() => reader.pread(1, position))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
  });
});

describe('flock', () => {
  test('excludes other open files, not duplicates', () => {
    const path = scratchFile();
    const [first, second] = [openFile(path), openFile(path)];
    expect(flock(first, 'exclusive')).toBe(true);
    expect(flock(disposedAtEnd(first.dup()), 'exclusive')).toBe(true);
    expect([flock(second, 'exclusive'), flock(second, 'shared')]).toEqual([false, false]);
    expect(flock(first, 'shared')).toBe(true);
    expect([flock(second, 'shared'), flock(second, 'exclusive')]).toEqual([true, false]);
    flock(first, 'unlock');
    expect(flock(second, 'exclusive')).toBe(true);
    expect(errorOf(() => callUntyped({ flock }, 'flock', first, 'mine'))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(errorOf(() => flock(2 ** 31 - 1, 'shared'))).toMatchObject({ code: 'EBADF', syscall: 'flock' });
  });
});

describe('lockRange', () => {
  test('locks a part, for an open file and not for the process', () => {
    const path = scratchFile('0123456789');
    const [first, second] = [openFile(path), openFile(path)];
    expect(lockRange(first, 'exclusive', { start: 2, length: 3 })).toBe(true);
    expect(canLockRange(second, 'shared', { length: 2 })).toBe(true);
    expect(canLockRange(second, 'shared', { length: 3 })).toBe(false);
    expect(lockRange(second, 'exclusive', { start: 4 })).toBe(false);
    // The close of another fd for the same file drops the locks of the process, not these.
    Descriptor.open(path).close();
    expect(lockRange(second, 'shared', { start: 4, length: 1 })).toBe(false);
    expect(lockRange(first, 'unlock')).toBe(true);
    expect(lockRange(second, 'shared', { start: 4, length: 1 })).toBe(true);
  });

  test('refuses ranges that no file has', () => {
    const file = openFile(scratchFile());
    for (const range of [{ start: -1 }, { length: 0.5 }, { start: 2 ** 53 - 1, length: 1 }]) {
      expect(errorOf(() => lockRange(file, 'shared', range))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
    expect(errorOf(() => callUntyped({ lockRange }, 'lockRange', file, 'shared', { end: 1 }))).toMatchObject({
      code: 'ERR_UNKNOWN_OPTION',
    });
  });
});

describe('fcntl', () => {
  test('reads and sets the size of a pipe', () => {
    const [reader, writer] = testPipe();
    expect(reader.fcntl(F_SETPIPE_SZ, 4096)).toBe(4096);
    expect(writer.fcntl(F_GETPIPE_SZ)).toBe(4096);
    expect(writer.write(Buffer.alloc(10_000))).toBe(4096);
    expect(writer.fcntl(F_GETFL) & constants.O_NONBLOCK).not.toBe(0);
  });

  test('seals a file in memory', () => {
    const file = disposedAtEnd(Descriptor.memfd('test'));
    file.write('sealed');
    file.fcntl(F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE);
    expect(file.fcntl(F_GET_SEALS)).toBe(F_SEAL_SHRINK | F_SEAL_WRITE);
    expect(errorOf(() => file.pwrite('x', 0))).toMatchObject({ code: 'EPERM', syscall: 'pwrite' });
    const unsealable = disposedAtEnd(Descriptor.memfd('other', { sealable: false }));
    expect(errorOf(() => unsealable.fcntl(F_ADD_SEALS, F_SEAL_WRITE))).toMatchObject({ code: 'EPERM' });
  });

  test('refuses the commands that take an address, or that make fds', () => {
    const [reader] = testPipe();
    // F_DUPFD, F_GETLK, F_SETLKW, F_SETOWN_EX, F_DUPFD_CLOEXEC, F_OFD_SETLK
    for (const command of [0, 5, 7, 15, 1030, 37]) {
      expect(errorOf(() => reader.fcntl(command))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
  });
});

describe('splice', () => {
  test('moves bytes from a file by a pipe to a socket', () => {
    const file = openFile(scratchFile('0123456789'));
    const [reader, writer] = testPipe();
    const [left, right] = unixPair();
    expect(splice(file, writer, 4, { fromPosition: 3 })).toBe(4);
    expect(splice(file, writer, 2)).toBe(2);
    expect(splice(reader, left, 100)).toBe(6);
    expect(right.recv(100)?.toString()).toBe('345601');
    expect(splice(file, writer, 10, { fromPosition: 100 })).toBe(0);
  });

  test('gives null if nothing is there, or the pipe is full, even one in blocking mode', () => {
    const [reader, writer] = testPipe();
    const [left, right] = unixPair();
    expect(splice(reader, left, 10)).toBeNull();
    reader.setBlocking(true);
    expect(splice(reader, left, 10)).toBeNull();
    fillPipe(writer);
    right.send('x');
    writer.setBlocking(true);
    expect(splice(left, writer, 10)).toBeNull();
  });

  test('fails with the errno of the kernel', () => {
    const file = openFile(scratchFile('x'));
    const [reader, writer] = testPipe();
    expect(errorOf(() => splice(file, file, 1))).toMatchObject({ code: 'EINVAL', syscall: 'splice' });
    expect(errorOf(() => splice(file, writer, 1, { toPosition: 1 }))).toMatchObject({ code: 'ESPIPE' });
    expect(errorOf(() => splice(reader, 2 ** 31 - 1, 1))).toMatchObject({ code: 'EBADF' });
    expect(errorOf(() => splice(reader, writer, -1))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});

describe('tee', () => {
  test('copies what is in a pipe and leaves it there', () => {
    const [reader, writer] = testPipe();
    const [copyReader, copyWriter] = testPipe();
    expect(tee(reader, copyWriter, 10)).toBeNull();
    writer.write('twice');
    expect(tee(reader, copyWriter, 10)).toBe(5);
    expect([reader.read(10)?.toString(), copyReader.read(10)?.toString()]).toEqual(['twice', 'twice']);
    expect(errorOf(() => tee(reader, writer, 1))).toMatchObject({ code: 'EINVAL', syscall: 'tee' });
  });
});

describe('sendFile', () => {
  test('sends a part of a file until the socket is full', () => {
    const file = openFile(scratchFile('x'.repeat(1_000_000)));
    const [left, right] = unixPair();
    expect(sendFile(file, left, 3, { fromPosition: 999_998 })).toBe(2);
    expect(file.lseek(0, 'current')).toBe(0);
    let sent = 0;
    for (let count = sendFile(file, left, 1_000_000); count !== null && count > 0;) {
      sent += count;
      count = sendFile(file, left, 1_000_000);
    }
    expect(sent).toBeLessThan(1_000_000);
    expect(sendFile(file, left, 1)).toBeNull();
    expect(file.lseek(0, 'current')).toBe(sent);
    right.close();
    expect(errorOf(() => sendFile(file, left, 1))).toMatchObject({ code: 'EPIPE', syscall: 'sendfile' });
  });
});
