/** Every descriptor that exists to be waited for, waited for on select, poll and epoll. */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants as osConstants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import {
  Descriptor,
  EventFd,
  FIONREAD,
  IN_ATTRIB,
  IN_CLOSE_WRITE,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_IGNORED,
  IN_ISDIR,
  IN_MODIFY,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  Inotify,
  Multiplexer,
  type OwnedFd,
  PidFd,
  pipe,
  type Registration,
  SignalFd,
  type SignalInfo,
  TimerFd,
  TIOCGWINSZ,
  TIOCSWINSZ,
} from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseInotifyEvents } from '../../src/socket/inotify.js';
import { nextEvent, until } from '../support/deadline.js';
import { disposedAtEnd, openFds } from '../support/fds.js';
import { packagePath } from '../support/processes.js';
import { foreignBytes } from '../support/realm.js';
import { runtime } from '../support/runtime.js';
import { callUntyped } from '../support/untyped.js';

const DEADLINE_MS = 10_000;

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe.each(Multiplexer.backends())('waited for on %s', (backend) => {
  /** What a look and a wait say about one fd. */
  function watch(
    source: OwnedFd,
    interest: 'read' | 'write' = 'read',
  ): { isReady: () => boolean; wait: () => Registration } {
    const mux = disposedAtEnd(new Multiplexer({ backend }));
    mux.register(source, { interest, data: undefined });
    return {
      isReady: () => mux.waitSync(0).length > 0,
      wait: () => {
        const [registration] = mux.waitSync(DEADLINE_MS);
        if (registration === undefined) throw new Error('nothing became ready');
        return registration;
      },
    };
  }

  test('a pipe is readable when it has bytes, and when its writer has gone', () => {
    const [reader, writer] = pipe().map(disposedAtEnd);
    if (reader === undefined || writer === undefined) throw new Error('no pipe');
    const { isReady, wait } = watch(reader);
    const room = watch(writer, 'write');
    expect([isReady(), room.isReady()]).toEqual([false, true]);
    expect(reader.read(10)).toBeNull();
    expect(writer.write('hello')).toBe(5);
    expect(wait().isReadable).toBe(true);
    expect(reader.read(10)?.toString()).toBe('hello');
    expect(isReady()).toBe(false);
    while (writer.write(Buffer.alloc(4096)) !== null);
    expect(room.isReady()).toBe(false);
    const bytes = Buffer.alloc(4096);
    while (reader.readInto(bytes) !== null);
    writer.close();
    expect(wait().isReadable).toBe(true);
    expect(reader.read(10)).toHaveLength(0);
  });

  test('an eventfd is readable above zero and writable below its maximum', () => {
    const counter = disposedAtEnd(new EventFd());
    const readable = watch(counter);
    const writable = watch(counter, 'write');
    expect([readable.isReady(), writable.isReady()]).toEqual([false, true]);
    counter.write(2n ** 64n - 2n);
    expect([readable.wait().isReadable, writable.isReady()]).toEqual([true, false]);
    expect(counter.write()).toBe(false);
    expect(counter.read()).toBe(2n ** 64n - 2n);
    expect([readable.isReady(), writable.isReady()]).toEqual([false, true]);
  });

  test('a timerfd is readable once it has expired, and not before', () => {
    const timer = disposedAtEnd(new TimerFd());
    const { isReady, wait } = watch(timer);
    expect(isReady()).toBe(false);
    const start = performance.now();
    timer.set({ initialMs: 20.5 });
    wait();
    expect(performance.now() - start).toBeGreaterThanOrEqual(20.5);
    expect(timer.read()).toBe(1n);
    expect(timer.read()).toBeNull();
    expect(isReady()).toBe(false);
  });

  test('a signalfd is readable while a signal is pending', { tags: ['needs-signals'] }, () => {
    const signals = disposedAtEnd(new SignalFd(['SIGUSR2']));
    const { isReady, wait } = watch(signals);
    expect(isReady()).toBe(false);
    process.kill(process.pid, 'SIGUSR2');
    // While it is passed on from thread to thread, it may look ready and be gone.
    let info: SignalInfo | null = null;
    for (; info === null; info = signals.read()) wait();
    expect(info).toMatchObject({
      signal: osConstants.signals.SIGUSR2,
      name: 'SIGUSR2',
      code: 0,
      pid: process.pid,
      uid: process.getuid?.(),
    });
    expect(signals.read()).toBeNull();
    expect(isReady()).toBe(false);
  });

  test('an inotify instance is readable when something has changed', () => {
    const folder = temporaryFolder();
    const inotify = disposedAtEnd(new Inotify());
    const watched = inotify.add(folder, IN_CREATE);
    const { isReady, wait } = watch(inotify);
    expect([isReady(), inotify.read()]).toEqual([false, null]);
    writeFileSync(join(folder, 'new.txt'), '');
    wait();
    expect(inotify.read()).toMatchObject([{ watch: watched, mask: IN_CREATE, cookie: 0, name: 'new.txt' }]);
    expect(isReady()).toBe(false);
  });

  test('a pidfd is readable once its process has ended', async () => {
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    const process = disposedAtEnd(new PidFd(child.pid ?? -1));
    const { isReady, wait } = watch(process);
    expect(isReady()).toBe(false);
    const closed = nextEvent(child, 'close');
    process.sendSignal('SIGKILL');
    wait();
    await closed;
    expect(child.signalCode).toBe('SIGKILL');
    expect(() => process.sendSignal(0)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
  });

  test('a terminal is readable when a line was typed', () => {
    const { terminal, keyboard } = openTerminal();
    const { isReady, wait } = watch(terminal);
    expect(isReady()).toBe(false);
    keyboard.write('ls\n');
    wait();
    expect(terminal.read(100)?.toString()).toBe('ls\n');
    expect(isReady()).toBe(false);
  });
});

/** Constructs as a program without types may do. */
function untyped(target: new (argument: never) => OwnedFd, argument: unknown): unknown {
  const made: unknown = Reflect.construct(target, [argument]);
  return made;
}

/** A pseudoterminal: the side that a program sits at, and the side that types. */
function openTerminal(): { terminal: Descriptor; keyboard: Descriptor } {
  const flags = constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY;
  const keyboard = disposedAtEnd(Descriptor.open('/dev/ptmx', flags));
  const TIOCSPTLCK = 0x4004_5431;
  const TIOCGPTN = 0x8004_5430;
  keyboard.ioctl(TIOCSPTLCK, Int32Array.of(0));
  const number = new Int32Array(1);
  keyboard.ioctl(TIOCGPTN, number);
  return { terminal: disposedAtEnd(Descriptor.open(`/dev/pts/${number[0]}`, flags)), keyboard };
}

describe('Descriptor', () => {
  test('controls a device, in both directions', () => {
    const { terminal } = openTerminal();
    const size = Uint16Array.of(40, 120, 0, 0);
    expect(terminal.ioctl(TIOCSWINSZ, size)).toBe(0);
    const found = new Uint16Array(4);
    terminal.ioctl(TIOCGWINSZ, found);
    expect(found).toEqual(size);
  });

  test('protects the memory behind a struct that is too short for its request', () => {
    const { keyboard } = openTerminal();
    const TIOCGPTN = 0x8004_5430;
    expect(() => keyboard.ioctl(TIOCGPTN, new Uint8Array(3))).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    );
    // An old request does not say how long its struct is: what does not fit is dropped.
    const memory = new Uint8Array(16).fill(7);
    keyboard.ioctl(TIOCGWINSZ, memory.subarray(0, 2));
    expect([...memory.subarray(2)]).toEqual(Array(14).fill(7));
    expect(() => keyboard.ioctl(TIOCGWINSZ, 8)).toThrow(expect.objectContaining({ code: 'EFAULT' }));
  });

  test('passes every number of 32 bits, but none that is an address of memory that this process writes to', () => {
    const { keyboard } = openTerminal();
    const writable = [...readFileSync('/proc/self/maps', 'latin1').matchAll(/^([0-9a-f]+)-([0-9a-f]+) .w/gm)];
    const isHit = (number: number): boolean =>
      writable.some(([, from = '', to = '']) => number < parseInt(to, 16) && number + 16_384 > parseInt(from, 16));
    // The request takes a struct, so a number is an address to it. A sanitizer may have memory there, other programs
    // have none.
    for (const number of [65_536, 100_000, 2 ** 31, 2 ** 32 - 1, -1, -(2 ** 31)]) {
      const code = isHit(number) ? 'ERR_OUT_OF_RANGE' : 'EFAULT';
      expect(() => keyboard.ioctl(TIOCGWINSZ, number), String(number)).toThrow(expect.objectContaining({ code }));
    }
    for (const number of [2 ** 32, -(2 ** 31) - 1, 0.5, NaN]) {
      expect(() => keyboard.ioctl(TIOCGWINSZ, number), String(number)).toThrow(
        expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
      );
    }
    const low = /^([0-9a-f]{5,8})-[0-9a-f]+ .w/m.exec(readFileSync('/proc/self/maps', 'latin1'))?.[1];
    // An executable that is loaded anywhere has no low memory to protect.
    if (low === undefined) return;
    for (const number of [parseInt(low, 16), parseInt(low, 16) - 8]) {
      expect(() => keyboard.ioctl(TIOCGWINSZ, number)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    }
  });

  test('opens and watches paths that are no text, and file: URLs', { tags: ['needs-path-bytes'] }, () => {
    const folder = temporaryFolder();
    const path = Buffer.concat([Buffer.from(join(folder, 'f')), Buffer.from([0xff, 0x20])]);
    writeFileSync(path, 'content');
    const url = new URL(`${pathToFileURL(join(folder, 'f')).href}%FF%20`);
    for (const form of [path, new Uint8Array(path), foreignBytes(path), url]) {
      expect(disposedAtEnd(Descriptor.open(form)).read(100)?.toString()).toBe('content');
      expect(disposedAtEnd(new Inotify()).add(form)).toBe(1);
    }
    for (const [form, code] of [
      [new URL('http://localhost/f'), 'ERR_OUT_OF_RANGE'],
      [new URL('file://host/f'), 'ERR_OUT_OF_RANGE'],
      [new URL('file:///a%2Fb'), 'ERR_OUT_OF_RANGE'],
      [Buffer.from('a\0b'), 'ERR_INVALID_ARG_VALUE'],
      [Symbol('path'), 'ERR_INVALID_ARG_TYPE'],
      [{}, 'ERR_INVALID_ARG_TYPE'],
      [null, 'ERR_INVALID_ARG_TYPE'],
    ] as const) {
      expect(() => callUntyped(Descriptor, 'open', form)).toThrow(expect.objectContaining({ code }));
      expect(() => callUntyped(disposedAtEnd(new Inotify()), 'add', form)).toThrow(expect.objectContaining({ code }));
    }
  });

  test('counts what waits in a pipe', () => {
    const [reader, writer] = pipe();
    disposedAtEnd(reader);
    disposedAtEnd(writer).write('12345');
    const count = new Int32Array(1);
    reader.ioctl(FIONREAD, count);
    expect(count[0]).toBe(5);
  });

  test('opens files with flags and mode', () => {
    const path = join(temporaryFolder(), 'file');
    const file = disposedAtEnd(Descriptor.open(path, constants.O_CREAT | constants.O_RDWR, 0o600));
    expect(file.write('content')).toBe(7);
    expect(disposedAtEnd(Descriptor.open(path)).read(100)?.toString()).toBe('content');
    expect(() => Descriptor.open(path, constants.O_CREAT | constants.O_EXCL)).toThrow(
      expect.objectContaining({ code: 'EEXIST', syscall: 'open' }),
    );
    expect(() => Descriptor.open('')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(() => Descriptor.open('a\0b')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }));
    expect(() => Descriptor.open('x'.repeat(5000))).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  });

  test('shares the blocking mode with its duplicates', () => {
    const [reader, writer] = pipe({ blocking: true });
    disposedAtEnd(writer);
    const copy = disposedAtEnd(disposedAtEnd(reader).dup());
    expect([reader.blocking, copy.blocking]).toEqual([true, true]);
    reader.setBlocking(false);
    expect(copy.blocking).toBe(false);
  });

  test('writes to nobody with EPIPE', () => {
    const [reader, writer] = pipe();
    reader.close();
    expect(() => disposedAtEnd(writer).write('x')).toThrow(
      expect.objectContaining({ code: 'EPIPE', syscall: 'write' }),
    );
  });
});

describe('EventFd', () => {
  test('adds, and gives the sum once; as a semaphore, one at a time', () => {
    const counter = disposedAtEnd(new EventFd(3));
    counter.write(4n);
    counter.write();
    expect([counter.read(), counter.read()]).toEqual([8n, null]);
    const semaphore = disposedAtEnd(new EventFd(2n, { semaphore: true }));
    expect([semaphore.read(), semaphore.read(), semaphore.read()]).toEqual([1n, 1n, null]);
  });

  test('refuses what the counter cannot hold', () => {
    const counter = disposedAtEnd(new EventFd());
    for (const value of [-1n, 2n ** 64n - 1n, 0.5, NaN, -1]) {
      expect(() => counter.write(value)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    }
    expect(() => new EventFd(2 ** 32)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    const construct: unknown = EventFd;
    if (typeof construct !== 'function') throw new Error('no class');
    expect(() => {
      Reflect.construct(construct, [0, null]);
    }).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  });

  test('is shared with a worker by its number', async () => {
    const counter = disposedAtEnd(new EventFd());
    const worker = new Worker(
      `const { Descriptor } = require('${packagePath()}');
       const { workerData } = require('node:worker_threads');
       const descriptor = Descriptor.fromFd(workerData);
       descriptor.write(new Uint8Array(new BigUint64Array([5n]).buffer));
       descriptor.detach();`,
      { eval: true, workerData: counter.fd },
    );
    const exited = nextEvent(worker, 'exit');
    const mux = disposedAtEnd(new Multiplexer({ backend: 'epoll' }));
    mux.register(counter, { interest: 'read', data: undefined });
    expect(await mux.wait(DEADLINE_MS)).toHaveLength(1);
    expect(counter.read()).toBe(5n);
    await exited;
    const same = EventFd.fromFd(counter.fd);
    same.write();
    expect(counter.read()).toBe(1n);
    same.detach();
  });
});

describe('TimerFd', () => {
  test('expires again and again, and counts what was missed', () => {
    const timer = disposedAtEnd(new TimerFd('boottime'));
    timer.set({ initialMs: 0, intervalMs: 1 });
    const mux = disposedAtEnd(new Multiplexer());
    mux.register(timer, { interest: 'read', data: undefined });
    let expiries = 0n;
    for (let waits = 0; expiries < 3n && waits < 100; waits++) {
      mux.waitSync(DEADLINE_MS);
      expiries += timer.read() ?? 0n;
    }
    expect(expiries).toBeGreaterThanOrEqual(3n);
    expect(timer.get().intervalMs).toBe(1);
  });

  test('returns its setting, and what it was set to before', () => {
    const timer = disposedAtEnd(new TimerFd());
    expect(timer.get()).toEqual({ remainingMs: 0, intervalMs: 0 });
    expect(timer.set({ initialMs: 100_000, intervalMs: 2.5 })).toEqual({ remainingMs: 0, intervalMs: 0 });
    const { remainingMs } = timer.disarm();
    expect(remainingMs).toBeGreaterThan(90_000);
    expect(remainingMs).toBeLessThanOrEqual(100_000);
    expect(timer.get()).toEqual({ remainingMs: 0, intervalMs: 0 });
  });

  test('takes a moment of the clock', () => {
    const timer = disposedAtEnd(new TimerFd('realtime'));
    timer.set({ initialMs: Date.now() - 1000, absolute: true, cancelOnSet: true });
    expect(timer.read()).toBe(1n);
    timer.set({ initialMs: Date.now() + 3_600_000, absolute: true });
    expect(timer.read()).toBeNull();
  });

  test('refuses times that are none', () => {
    const timer = disposedAtEnd(new TimerFd());
    for (const initialMs of [-1, NaN, Infinity, 1e16]) {
      expect(() => timer.set({ initialMs })).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    }
    expect(() => untyped(TimerFd, 'atomic')).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  });
});

/** What a thread of this process blocks. */
function blockedSignals(thread: string): Set<number> {
  const [, word = ''] = /^SigBlk:\s*(\w+)$/m.exec(readFileSync(`/proc/self/task/${thread}/status`, 'utf8')) ?? [];
  const mask = BigInt(`0x${word}`);
  return new Set(Array.from({ length: 64 }, (_, i) => i + 1).filter((signal) => (mask >> BigInt(signal - 1)) & 1n));
}

/** Bun's event loop waits with no signal blocked, so in a thread that waits a signal ends the process. */
const keepsSignalsBlocked = runtime !== 'bun';

/** A signal may take a moment: another thread may pass it on. */
async function nextSignal(signals: SignalFd): Promise<SignalInfo> {
  const taken: SignalInfo[] = [];
  await until(() => {
    const info = signals.read();
    if (info !== null) taken.push(info);
    return info !== null;
  }, 'the signal');
  const [info] = taken;
  if (info === undefined) throw new Error('no signal');
  return info;
}

describe('SignalFd', () => {
  test.runIf(keepsSignalsBlocked)(
    'takes signals that any thread of the process might have got',
    { tags: ['needs-blocked-signals'] },
    async () => {
      // Some threads exist before (the pool of libuv and of V8, a worker), some start later.
      const code = `require('node:worker_threads').parentPort.once('message', () => process.exit())`;
      const worker = new Worker(code, { eval: true });
      await nextEvent(worker, 'online');
      const signals = disposedAtEnd(new SignalFd(['SIGUSR2', osConstants.signals.SIGPWR]));
      const late = new Worker(code, { eval: true });
      await nextEvent(late, 'online');
      const count = 20;
      let taken = 0;
      for (let i = 0; i < count; i++) {
        process.kill(process.pid, i % 2 === 0 ? 'SIGUSR2' : 'SIGPWR');
        expect((await nextSignal(signals)).name).toBe(i % 2 === 0 ? 'SIGUSR2' : 'SIGPWR');
        taken += 1;
      }
      expect(taken).toBe(count);
      for (const each of [worker, late]) {
        const exited = nextEvent(each, 'exit');
        each.postMessage('end');
        await exited;
      }
    },
  );

  test.runIf(keepsSignalsBlocked)(
    'leaves a thread alone until it takes a signal, which it then passes on unchanged',
    { tags: ['needs-signals', 'needs-blocked-signals', 'needs-signal-numbers'] },
    async () => {
      // The highest real-time signals: no other test blocks them.
      const signal = 63;
      const threads = readdirSync('/proc/self/task').filter((thread) => thread !== String(process.pid));
      const blocking = (): string[] => threads.filter((thread) => blockedSignals(thread).has(signal));
      const before = blocking();
      using signals = new SignalFd([signal]);
      expect(blocking()).toEqual(before);
      const sender = spawn('python3', ['-c', `import os; os.kill(${process.pid}, ${signal})`], { stdio: 'ignore' });
      expect(await nextSignal(signals)).toMatchObject({ signal, name: null, code: 0, pid: sender.pid });
      // Whichever threads took it block it now, so that a second one may arrive directly.
      process.kill(process.pid, signal);
      expect(await nextSignal(signals)).toMatchObject({ signal, pid: process.pid });
    },
  );

  test('refuses SIGCHLD, by which node:child_process learns of exits, and the signals of a thread that cannot go on', () => {
    for (const signal of ['SIGCHLD', osConstants.signals.SIGCHLD]) {
      expect(() => untyped(SignalFd, [signal])).toThrow(
        expect.objectContaining({ code: 'ERR_OUT_OF_RANGE', message: expect.stringContaining('PidFd') }),
      );
    }
    for (const signal of ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL']) {
      expect(() => untyped(SignalFd, [signal])).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    }
  });

  test('refuses signals that nobody can receive', () => {
    const before = openFds();
    for (const signal of ['SIGKILL', 'SIGSTOP', 'SIGNAL', 0, 65, 1.5]) {
      expect(() => untyped(SignalFd, [signal])).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    }
    expect(() => untyped(SignalFd, 'SIGUSR2')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
    expect([...openFds().keys()].filter((fd) => !before.has(fd))).toEqual([]);
  });
});

describe('Inotify', () => {
  test('reports what happened, to which file, and in which order', () => {
    const folder = temporaryFolder();
    const inotify = disposedAtEnd(new Inotify());
    const watched = inotify.add(
      folder,
      IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE,
    );
    closeSync(openSync(join(folder, 'ä.txt'), 'w'));
    appendFileSync(join(folder, 'ä.txt'), 'more');
    renameSync(join(folder, 'ä.txt'), join(folder, 'b'));
    unlinkSync(join(folder, 'b'));
    const events = inotify.read() ?? [];
    expect(events.map(({ mask, name }) => [mask, name])).toEqual([
      [IN_CREATE, 'ä.txt'],
      [IN_CLOSE_WRITE, 'ä.txt'],
      [IN_MODIFY, 'ä.txt'],
      [IN_CLOSE_WRITE, 'ä.txt'],
      [IN_MOVED_FROM, 'ä.txt'],
      [IN_MOVED_TO, 'b'],
      [IN_DELETE, 'b'],
    ]);
    expect(events[4]?.cookie).toBeGreaterThan(0);
    expect(events[5]?.cookie).toBe(events[4]?.cookie);
    expect(events[0]?.nameBytes).toEqual(Buffer.from('ä.txt'));
    inotify.remove(watched);
    expect(inotify.read()).toMatchObject([{ watch: watched, mask: IN_IGNORED, name: '' }]);
    expect(() => inotify.remove(watched)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });

  test('marks folders, and names the watch of each path', () => {
    const folder = temporaryFolder();
    const inotify = disposedAtEnd(new Inotify());
    const first = inotify.add(folder);
    expect(inotify.add(folder, IN_ATTRIB)).toBe(first);
    expect(() => inotify.add(join(folder, 'none'))).toThrow(
      expect.objectContaining({ code: 'ENOENT', syscall: 'inotify_add_watch' }),
    );
    inotify.add(folder, IN_CREATE | IN_DELETE_SELF);
    mkdirSync(join(folder, 'sub'));
    expect(inotify.read()).toMatchObject([{ watch: first, mask: IN_CREATE | IN_ISDIR, name: 'sub' }]);
    rmSync(folder, { recursive: true });
    expect(inotify.read()).toMatchObject([
      { watch: first, mask: IN_DELETE_SELF, name: '' },
      { watch: first, mask: IN_IGNORED, name: '' },
    ]);
  });

  test('never reads past the end, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const events = parseInotifyEvents(bytes);
        expect(events.length * 16).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

describe('PidFd', () => {
  test('refuses what names no process', () => {
    expect(() => new PidFd(0)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    expect(() => new PidFd(2 ** 22 + 1)).toThrow(expect.objectContaining({ code: 'ESRCH', syscall: 'pidfd_open' }));
    const self = disposedAtEnd(new PidFd(process.pid));
    self.sendSignal(0);
    expect(() => self.sendSignal(65)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  });
});

describe('closed descriptors', () => {
  const cases: readonly [string, () => OwnedFd, readonly ((fd: OwnedFd) => unknown)[]][] = [
    [
      'EventFd',
      () => new EventFd(),
      [(fd) => fd instanceof EventFd && fd.read(), (fd) => fd instanceof EventFd && fd.write()],
    ],
    [
      'TimerFd',
      () => new TimerFd(),
      [
        (fd) => fd instanceof TimerFd && fd.read(),
        (fd) => fd instanceof TimerFd && fd.get(),
        (fd) => fd instanceof TimerFd && fd.set({ initialMs: 1 }),
        (fd) => fd instanceof TimerFd && fd.disarm(),
      ],
    ],
    ['SignalFd', () => new SignalFd(['SIGUSR2']), [(fd) => fd instanceof SignalFd && fd.read()]],
    [
      'Inotify',
      () => new Inotify(),
      [
        (fd) => fd instanceof Inotify && fd.read(),
        (fd) => fd instanceof Inotify && fd.add('/'),
        (fd) => fd instanceof Inotify && fd.remove(1),
      ],
    ],
    ['PidFd', () => new PidFd(process.pid), [(fd) => fd instanceof PidFd && fd.sendSignal(0)]],
    [
      'Descriptor',
      () => Descriptor.open('/dev/null'),
      [
        (fd) => fd instanceof Descriptor && fd.read(1),
        (fd) => fd instanceof Descriptor && fd.readInto(Buffer.alloc(1)),
        (fd) => fd instanceof Descriptor && fd.write('x'),
        (fd) => fd instanceof Descriptor && fd.ioctl(FIONREAD),
        (fd) => fd instanceof Descriptor && fd.dup(),
        (fd) => fd instanceof Descriptor && fd.blocking,
        (fd) => fd instanceof Descriptor && fd.setBlocking(true),
      ],
    ],
  ];

  test.each(cases)('%s throws ERR_CLOSED from every method', (_name, open, calls) => {
    const fd = open();
    fd.close();
    fd.close();
    expect(fd.closed).toBe(true);
    for (const call of [(closed: OwnedFd) => closed.fd, (closed: OwnedFd) => closed.detach(), ...calls]) {
      expect(() => call(fd)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    }
  });
});
