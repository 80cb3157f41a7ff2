/** Accesses to files as events, and the permission for them. Most of it needs CAP_SYS_ADMIN, and skips without. */
import { spawn } from 'node:child_process';
import { constants, existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  Descriptor,
  FANOTIFY,
  Fanotify,
  type FanotifyEvent,
  type FanotifyOptions,
  type FanotifyRecord,
  Multiplexer,
  PidFd,
} from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseFanotifyEvents } from '../../src/socket/fanotify.js';
import { disposedAtEnd, withoutFreeFds } from '../support/fds.js';
import { run } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { callUntyped } from '../support/untyped.js';

const {
  FAN_ALL_EVENTS,
  FAN_CLASS_CONTENT,
  FAN_CLOSE_WRITE,
  FAN_CREATE,
  FAN_MARK_FILESYSTEM,
  FAN_MODIFY,
  FAN_ONDIR,
  FAN_OPEN,
  FAN_OPEN_PERM,
  FAN_RENAME,
  FAN_REPORT_DFID_NAME,
  FAN_REPORT_FID,
  FAN_REPORT_PIDFD,
} = FANOTIFY;
const DEADLINE_MS = 10_000;

/** Whether this kernel, and what this process may do, lets such an instance watch a file for something. */
function canWatch(options: FanotifyOptions, mask: number): boolean {
  try {
    using instance = new Fanotify(options);
    instance.add('/tmp', mask);
    return true;
  } catch {
    return false;
  }
}

/** Not found out by the class under test, or its faults would skip the tests. */
const CAP_SYS_ADMIN = 1n << 21n;
const capabilities = BigInt(`0x${/CapEff:\t(\w+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0'}`);
const isPrivileged = (capabilities & CAP_SYS_ADMIN) !== 0n && existsSync('/proc/sys/fs/fanotify');
const hasPermissions = canWatch({ flags: FAN_CLASS_CONTENT }, FAN_OPEN_PERM);
const hasNames = canWatch({ flags: FAN_REPORT_DFID_NAME }, FAN_CREATE);
const hasRenames = canWatch({ flags: FAN_REPORT_DFID_NAME }, FAN_RENAME);
const hasPidFds = canWatch({ flags: FAN_REPORT_PIDFD }, FAN_OPEN);

/** Takes the next events, and has their files closed at the end of the test. */
function nextEvents(instance: Fanotify): FanotifyEvent[] {
  const mux = disposedAtEnd(new Multiplexer());
  mux.register(instance, { interest: 'read' });
  mux.waitSync(DEADLINE_MS);
  const events = instance.read() ?? [];
  for (const { fd } of events) if (fd !== null) disposedAtEnd(Descriptor.fromFd(fd));
  return events;
}

/** A file in a folder of its own. */
function newFile(content = 'content'): { folder: string; path: string } {
  const folder = temporaryFolder();
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return { folder, path };
}

test.skipIf(!isPrivileged)('reports who has opened a watched file, with an fd of it', () => {
  const { path } = newFile();
  const instance = disposedAtEnd(new Fanotify());
  instance.add(path, FAN_OPEN | FAN_CLOSE_WRITE);
  expect(instance.read()).toBeNull();
  readFileSync(path);
  const [event] = nextEvents(instance);
  expect(event).toMatchObject({ mask: FAN_OPEN, pid: process.pid, records: [] });
  expect(readlinkSync(`/proc/self/fd/${event?.fd}`)).toBe(path);
  expect(readFileSync(`/proc/self/fdinfo/${event?.fd}`, 'latin1')).toMatch(/^flags:\t02\d{6}$/m); // O_CLOEXEC
});

test.skipIf(!isPrivileged)('opens the files of events as it is asked to', () => {
  const { path } = newFile('before');
  const instance = disposedAtEnd(new Fanotify({ eventFlags: constants.O_RDWR }));
  instance.add(path, FAN_MODIFY);
  writeFileSync(path, 'after');
  const [event] = nextEvents(instance);
  Descriptor.fromFd(event?.fd ?? -1).pwrite('again', 0);
  expect(readFileSync(path, 'utf8')).toBe('again');
  expect(instance.read()).toBeNull();
});

test.skipIf(!isPrivileged)('watches a file system, and no more once that is taken back', () => {
  const { path } = newFile();
  const instance = disposedAtEnd(new Fanotify());
  for (const end of [
    () => instance.remove(path, FAN_CLOSE_WRITE, FAN_MARK_FILESYSTEM),
    () => instance.flush(FAN_MARK_FILESYSTEM),
  ]) {
    instance.add(path, FAN_CLOSE_WRITE, FAN_MARK_FILESYSTEM);
    writeFileSync(path, 'changed');
    const paths = nextEvents(instance).map(({ fd }) => readlinkSync(`/proc/self/fd/${fd}`));
    expect(paths).toContain(path);
    end();
    while (nextEventsNow(instance).length > 0);
    writeFileSync(path, 'changed again');
    expect(instance.read()).toBeNull();
  }
  instance.add(path);
  instance.remove(path);
  readFileSync(path);
  expect(instance.read()).toBeNull();
});

/** What is there, without waiting. */
function nextEventsNow(instance: Fanotify): FanotifyEvent[] {
  const events = instance.read() ?? [];
  for (const { fd } of events) if (fd !== null) Descriptor.fromFd(fd).close();
  return events;
}

describe.skipIf(!hasPermissions)('an open that asks for permission', () => {
  test.each([
    ['allow', { code: 0, stdout: 'secret' }],
    ['deny', { code: 1, stdout: '' }],
  ] as const)('goes on as the answer says: %s', async (answer, ending) => {
    const { path } = newFile('secret');
    const instance = disposedAtEnd(new Fanotify({ flags: FAN_CLASS_CONTENT }));
    instance.add(path, FAN_OPEN_PERM);
    const reader = run('cat', [path]);
    const [event] = nextEvents(instance);
    expect(event?.mask).toBe(FAN_OPEN_PERM);
    if (event === undefined) throw new Error('no event');
    instance.respond(event, answer);
    expect(() => instance.respond(event, answer)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(await reader).toMatchObject(ending);
  });

  test('goes on when the instance is closed', async () => {
    const { path } = newFile('secret');
    const instance = new Fanotify({ flags: FAN_CLASS_CONTENT });
    instance.add(path, FAN_OPEN_PERM);
    const reader = run('cat', [path]);
    nextEvents(instance);
    instance.close();
    expect(await reader).toMatchObject({ code: 0, stdout: 'secret' });
    expect(() => instance.respond(0, 'allow')).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
  });
});

/** The records of all events that are there. */
function records(instance: Fanotify): FanotifyRecord[] {
  return nextEvents(instance).flatMap((event) => event.records);
}

test.skipIf(!hasNames)(
  'names the folder and its entry instead of opening the file',
  { tags: ['needs-path-bytes'] },
  () => {
    const { folder } = newFile();
    const instance = disposedAtEnd(new Fanotify({ flags: FAN_REPORT_DFID_NAME }));
    instance.add(folder, FAN_CREATE | FAN_ONDIR);
    mkdirSync(Buffer.from(`${folder}/\xe4`, 'latin1'));
    const [event] = nextEvents(instance);
    expect(event).toMatchObject({ mask: FAN_CREATE + FAN_ONDIR, fd: null });
    const [record] = event?.records ?? [];
    if (record?.kind !== 'folder') throw new Error(`no folder but ${record?.kind}`);
    expect([record.name, record.nameBytes, record.fileSystem.length]).toEqual(['\ufffd', Buffer.from([0xe4]), 8]);
    expect(record.handle.length).toBeGreaterThan(0);
    writeFileSync(join(folder, 'second'), '');
    expect(records(instance)).toMatchObject([{ ...record, name: 'second', nameBytes: Buffer.from('second') }]);
  },
);

test.skipIf(!hasRenames)('names both ends of a rename', () => {
  const { folder, path } = newFile();
  const instance = disposedAtEnd(new Fanotify({ flags: FAN_REPORT_DFID_NAME }));
  instance.add(folder, FAN_RENAME);
  renameSync(path, join(folder, 'renamed'));
  expect(records(instance)).toMatchObject([
    { kind: 'old-folder', name: 'file' },
    { kind: 'new-folder', name: 'renamed' },
  ]);
});

test.skipIf(!hasPidFds)('holds the process that did it by an fd', () => {
  const { path } = newFile();
  const instance = disposedAtEnd(new Fanotify({ flags: FAN_REPORT_PIDFD }));
  instance.add(path, FAN_OPEN);
  readFileSync(path);
  const [record] = records(instance);
  if (record?.kind !== 'pidfd') throw new Error(`no pidfd but ${record?.kind}`);
  expect(disposedAtEnd(PidFd.fromFd(record.fd ?? -1)).pid).toBe(process.pid);
});

test.skipIf(!hasPidFds)('says that the process has ended', async () => {
  const { path } = newFile();
  const instance = disposedAtEnd(new Fanotify({ flags: FAN_REPORT_PIDFD }));
  instance.add(path, FAN_OPEN);
  expect((await run('cat', [path])).code).toBe(0);
  expect(records(instance)).toEqual([{ kind: 'pidfd', fd: null }]);
});

test.skipIf(!isPrivileged)('fails to read while no fd is free, and goes on afterwards', () => {
  const { path } = newFile();
  const instance = disposedAtEnd(new Fanotify());
  instance.add(path, FAN_OPEN);
  readFileSync(path);
  withoutFreeFds(() => {
    expect(() => instance.read()).toThrow(expect.objectContaining({ code: 'EMFILE', syscall: 'read' }));
  });
  readFileSync(path);
  expect(nextEvents(instance)).toMatchObject([{ mask: FAN_OPEN }]);
});

test.skipIf(!isPrivileged)('refuses what the kernel refuses, with its errno', () => {
  const { folder, path } = newFile();
  const instance = disposedAtEnd(new Fanotify());
  for (const [call, code] of [
    [() => instance.add(join(folder, 'none')), 'ENOENT'],
    [() => instance.add(path, FAN_OPEN_PERM), 'EINVAL'],
    [() => instance.add(path, 0), 'EINVAL'],
    [() => instance.remove(path), 'ENOENT'],
    [() => instance.respond(0, 'allow'), 'ENOENT'],
    [() => new Fanotify({ flags: 2 ** 31 }), 'EINVAL'],
    [() => new Fanotify({ eventFlags: constants.O_CREAT }), 'EINVAL'],
  ] as const) {
    expect(call, call.toString()).toThrow(expect.objectContaining({ code }));
  }
});

const instanceOf = (): Fanotify | undefined => {
  for (const flags of [0, FAN_REPORT_FID]) {
    if (canWatch({ flags }, FAN_OPEN)) return new Fanotify({ flags });
  }
  return undefined;
};

test('refuses wrong arguments before any call', () => {
  for (const [options, code] of [
    [null, 'ERR_INVALID_ARG_TYPE'],
    [{ flags: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ flags: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ eventFlags: 2 ** 32 }, 'ERR_OUT_OF_RANGE'],
    [{ mask: 1 }, 'ERR_UNKNOWN_OPTION'],
  ] as const) {
    const construct = (): unknown => Reflect.construct(Fanotify, [options]);
    expect(construct, JSON.stringify(options)).toThrow(expect.objectContaining({ code }));
  }
  const instance = instanceOf();
  if (instance === undefined) return;
  onTestFinished(() => instance.close());
  for (const [name, args, code] of [
    ['add', [1], 'ERR_INVALID_ARG_TYPE'],
    ['add', ['/tmp\0'], 'ERR_INVALID_ARG_VALUE'],
    ['add', ['/tmp', -1], 'ERR_OUT_OF_RANGE'],
    ['remove', ['/tmp', 1, 0.5], 'ERR_OUT_OF_RANGE'],
    ['flush', ['1'], 'ERR_INVALID_ARG_TYPE'],
    ['respond', [{ fd: null }, 'allow'], 'ERR_INVALID_ARG_TYPE'],
    ['respond', [0, 'maybe'], 'ERR_OUT_OF_RANGE'],
    ['respond', [-1, 'deny'], 'ERR_OUT_OF_RANGE'],
  ] as const) {
    expect(() => callUntyped(instance, name, ...args), `${name}(${JSON.stringify(args)})`).toThrow(
      expect.objectContaining({ code }),
    );
  }
});

/** One event with the records given. */
function eventOf(...recordBytes: readonly Buffer[]): Buffer {
  const body = Buffer.concat(recordBytes);
  const metadata = Buffer.alloc(24);
  metadata.writeUInt32LE(24 + body.length, 0);
  metadata.writeUInt8(3, 4);
  metadata.writeUInt16LE(24, 6);
  metadata.writeBigUInt64LE(BigInt(FAN_ALL_EVENTS), 8);
  metadata.writeInt32LE(-1, 16);
  return Buffer.concat([metadata, body]);
}

function recordOf(type: number, ...data: readonly number[]): Buffer {
  return Buffer.concat([Buffer.of(type, 0, 4 + data.length, 0), Buffer.from(data)]);
}

test('reads errors of a file system, and records of types that are new', () => {
  const bytes = eventOf(
    recordOf(FANOTIFY.FAN_EVENT_INFO_TYPE_ERROR, 5, 0, 0, 0, 7, 0, 0, 0),
    recordOf(99, 1, 2, 3),
    recordOf(FANOTIFY.FAN_EVENT_INFO_TYPE_FID, 1, 2),
  );
  expect(parseFanotifyEvents(bytes)).toEqual([
    {
      mask: FAN_ALL_EVENTS,
      fd: null,
      pid: 0,
      records: [
        { kind: 'error', errno: 5, count: 7 },
        { kind: 'raw', type: 99, data: Buffer.of(1, 2, 3) },
        { kind: 'raw', type: FANOTIFY.FAN_EVENT_INFO_TYPE_FID, data: Buffer.of(1, 2) },
      ],
    },
  ]);
});

test('reads any bytes without end and without reading past them', () => {
  const whole = eventOf(recordOf(FANOTIFY.FAN_EVENT_INFO_TYPE_DFID_NAME, ...Array<number>(20).fill(1)));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255))), fc.nat(whole.length), (changes, end) => {
      const bytes = Buffer.from(whole);
      for (const [position, value] of changes) bytes[position] = value;
      parseFanotifyEvents(bytes.subarray(0, end));
    }),
  );
  // Lengths that lead nowhere: those of the event, of its metadata, of a record and of a handle.
  const positions = [0, 6, 26, 36];
  for (const position of positions) {
    for (const value of [0, 1, 0xff]) {
      const bytes = Buffer.from(whole);
      bytes[position] = value;
      expect(parseFanotifyEvents(bytes).length).toBeLessThanOrEqual(1);
    }
  }
  whole[36] = 0xff;
  expect(parseFanotifyEvents(whole)[0]?.records).toMatchObject([{ kind: 'raw' }]);
});

test.skipIf(!isPrivileged)('sees a program that is started', async () => {
  const instance = disposedAtEnd(new Fanotify());
  instance.add('/bin/true', FANOTIFY.FAN_OPEN_EXEC);
  const child = spawn('/bin/true');
  const [event] = nextEvents(instance);
  expect(event?.pid).toBe(child.pid);
  await new Promise((resolve) => child.on('close', resolve));
});
