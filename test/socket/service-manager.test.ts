/** What a service manager gives a service: a socket to report to, a watchdog, and open fds. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Descriptor, listenFds, sdNotify, sdWatchdogIntervalMs, type Socket } from 'fdmux';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { disposedAtEnd } from '../support/fds.js';
import { addonEnvironment } from '../support/preload.js';
import { run, start } from '../support/processes.js';
import { patient, testSocket } from '../support/sockets.js';
import { callUntyped } from '../support/untyped.js';

const VARIABLES = [
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  'LISTEN_PID',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
] as const;

beforeEach(() => {
  for (const variable of VARIABLES) vi.stubEnv(variable, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A manager that listens at an abstract name, and the name as the environment has it. */
function abstractManager(): { manager: Socket; name: string } {
  const manager = testSocket({ family: 'unix', type: 'dgram' });
  manager.bind({ family: 'unix' });
  const address = manager.getsockname();
  if (!('abstract' in address)) throw new Error('no abstract name');
  return { manager, name: `@${address.abstract.toString()}` };
}

describe('sdNotify', () => {
  test('returns false and sends nothing if no manager waits', () => {
    expect(sdNotify('READY=1')).toBe(false);
    vi.stubEnv('NOTIFY_SOCKET', '');
    expect(sdNotify('READY=1')).toBe(false);
  });

  test('sends each state as one datagram to a path', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fdmux-notify-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'notify');
    const manager = testSocket({ family: 'unix', type: 'dgram' });
    manager.bind({ family: 'unix', path });
    vi.stubEnv('NOTIFY_SOCKET', path);
    expect(sdNotify('READY=1\nSTATUS=Grüße')).toBe(true);
    expect(sdNotify('STOPPING=1')).toBe(true);
    expect(manager.recv(100)?.toString()).toBe('READY=1\nSTATUS=Grüße');
    expect(manager.recv(100)?.toString()).toBe('STOPPING=1');
  });

  test('sends to a name of the abstract namespace, and keeps the environment', () => {
    const { manager, name } = abstractManager();
    vi.stubEnv('NOTIFY_SOCKET', name);
    expect(sdNotify('READY=1')).toBe(true);
    expect(manager.recv(100)?.toString()).toBe('READY=1');
    expect(process.env['NOTIFY_SOCKET']).toBe(name);
  });

  test.each([
    ['sends', (name: string) => name, true],
    ['fails', () => '@nobody-listens-here', false],
  ])('removes the variable if asked to, also when it %s', (_, nameOf, sends) => {
    const { manager, name } = abstractManager();
    vi.stubEnv('NOTIFY_SOCKET', nameOf(name));
    const notify = () => sdNotify('READY=1', { unsetEnvironment: true });
    if (sends) expect(notify()).toBe(true);
    else expect(notify).toThrow(expect.objectContaining({ code: 'ECONNREFUSED' }));
    expect(process.env['NOTIFY_SOCKET']).toBeUndefined();
    expect(sdNotify('READY=1')).toBe(false);
    if (sends) expect(manager.recv(100)?.toString()).toBe('READY=1');
  });

  test('hands fds over for the manager to keep', () => {
    const { manager, name } = abstractManager();
    vi.stubEnv('NOTIFY_SOCKET', name);
    const file = disposedAtEnd(Descriptor.memfd());
    file.write('kept');
    sdNotify('FDSTORE=1', { fds: [file] });
    const [rights] = manager.recvMsg(100)?.control ?? [];
    if (rights?.kind !== 'rights') throw new Error('no fds arrived');
    const [kept] = rights.fds.map((fd) => disposedAtEnd(Descriptor.fromFd(fd)));
    expect(kept?.pread(10, 0)?.toString()).toBe('kept');
    expect(file.closed).toBe(false);
  });

  test.each([
    ['vsock:2:1234', 'EAFNOSUPPORT'],
    ['relative/path', 'EAFNOSUPPORT'],
    ['/nonexistent/notify', 'ENOENT'],
    ['@nobody-listens-here', 'ECONNREFUSED'],
    [`/${'l'.repeat(108)}`, 'ERR_OUT_OF_RANGE'],
  ])('reports that %s cannot be reached', (name, code) => {
    vi.stubEnv('NOTIFY_SOCKET', name);
    expect(() => sdNotify('READY=1')).toThrow(expect.objectContaining({ code }));
  });

  test('blocks no longer than its timeout if the manager does not read', () => {
    const { name } = abstractManager();
    vi.stubEnv('NOTIFY_SOCKET', name);
    const fill = (timeoutMs: number) => () => {
      for (;;) sdNotify('WATCHDOG=1', { timeoutMs });
    };
    expect(fill(1)).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }));
    expect(fill(0)).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }));
  });

  test('refuses a state that is empty or no string', () => {
    expect(() => sdNotify('')).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    expect(() => callUntyped({ sdNotify }, 'sdNotify', 1)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
  });
});

describe('sdWatchdogIntervalMs', () => {
  test.each([
    ['3000000', undefined, 1500],
    ['3000000', String(process.pid), 1500],
    ['3000000', String(process.pid + 1), null],
    [undefined, String(process.pid), null],
    ['1', undefined, 1],
    ['9007199254740991', undefined, 2_147_483_647],
  ])('is half of %s us for the process %s: %s ms', (usec, pid, intervalMs) => {
    vi.stubEnv('WATCHDOG_USEC', usec);
    vi.stubEnv('WATCHDOG_PID', pid);
    expect(sdWatchdogIntervalMs()).toBe(intervalMs);
  });

  test.each(['', '0', '-1', '1.5', '1e6', 'infinity', '9'.repeat(30)])('refuses a time of "%s"', (usec) => {
    vi.stubEnv('WATCHDOG_USEC', usec);
    expect(() => sdWatchdogIntervalMs()).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  });
});

describe('listenFds', { tags: ['needs-node-flags'] }, () => {
  /** Runs a program as a service that is given three fds, of which 3 and 4 are unix sockets' ends. */
  const service = (assignments: string, program: string) =>
    run(
      'sh',
      [
        '-c',
        `${assignments} LD_PRELOAD="$PRELOAD" exec "$0" -e "$1" 3</dev/null 4</dev/zero 5</dev/null`,
        process.execPath,
        `const { listenFds } = require('fdmux'); ${program}`,
      ],
      { env: { LD_PRELOAD: undefined, PRELOAD: addonEnvironment()['LD_PRELOAD'] } },
    );

  test('returns the fds of this process with their names', async () => {
    const { stdout, stderr } = await service(
      'LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:',
      'console.log(JSON.stringify([listenFds(), listenFds({ unsetEnvironment: true }), listenFds()]))',
    );
    expect(stderr).toBe('');
    const fds = [
      { fd: 3, name: 'web' },
      { fd: 4, name: '' },
    ];
    expect(JSON.parse(stdout)).toEqual([fds, fds, []]);
  });

  test('calls them unknown if the manager gave no names', async () => {
    const { stdout } = await service('LISTEN_PID=$$ LISTEN_FDS=1', 'console.log(JSON.stringify(listenFds()))');
    expect(JSON.parse(stdout)).toEqual([{ fd: 3, name: 'unknown' }]);
  });

  test('keeps them from the children of this process', async () => {
    const { stdout } = await service(
      'LISTEN_PID=$$ LISTEN_FDS=2',
      `const { Descriptor, F_GETFD, F_SETFD } = require('fdmux');
      const fds = [3, 4, 5].map((fd) => Descriptor.fromFd(fd));
      for (const fd of fds) fd.fcntl(F_SETFD, 0);
      listenFds();
      console.log(fds.map((fd) => fd.fcntl(F_GETFD)).join());`,
    );
    expect(stdout).toBe('1,1,0\n');
  });

  const activator = '/usr/bin/systemd-socket-activate';
  test.skipIf(!existsSync(activator))("takes the listener that systemd's own activator has opened", async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fdmux-listen-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'socket');
    const program = `
      const { listen, listenFds } = require('fdmux');
      const [{ fd, name }] = listenFds();
      listen({ fd, socket: { data: (connection, bytes) => connection.end(name + ' got ' + bytes) } });`;
    const activated = start(activator, ['-l', path, '--fdname=chat', process.execPath, '-e', program]);
    await activated.errorText(/Listening on/);
    const client = patient(testSocket({ family: 'unix' }));
    client.connect({ family: 'unix', path });
    client.send('hello');
    expect(client.recv(100)?.toString()).toBe('chat got hello');
  });

  test('leaves the fds of another process alone', () => {
    vi.stubEnv('LISTEN_FDS', '1');
    expect(listenFds()).toEqual([]);
    vi.stubEnv('LISTEN_PID', String(process.pid + 1));
    expect(listenFds()).toEqual([]);
  });

  test.each([
    ['LISTEN_FDS', '0'],
    ['LISTEN_FDS', '-1'],
    ['LISTEN_FDS', 'two'],
    ['LISTEN_FDS', '2147483646'],
    ['LISTEN_PID', 'self'],
    ['LISTEN_FDNAMES', 'one:too:many'],
    ['LISTEN_FDNAMES', 'few'],
  ])('refuses %s=%s', (variable, value) => {
    vi.stubEnv('LISTEN_PID', String(process.pid));
    vi.stubEnv('LISTEN_FDS', '2');
    vi.stubEnv(variable, value);
    expect(() => listenFds()).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  });

  test('refuses a count that goes beyond the open fds', () => {
    vi.stubEnv('LISTEN_PID', String(process.pid));
    vi.stubEnv('LISTEN_FDS', '2000000');
    expect(() => listenFds({ unsetEnvironment: true })).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(process.env['LISTEN_PID']).toBeUndefined();
  });
});
