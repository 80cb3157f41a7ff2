/** Unknown options, changes that change nothing, and registrations that are found by their object. */
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import { EPOLL_CTL_DEL } from '../../src/readiness/epoll.js';
import { EventFd } from '../../src/socket/event-fd.js';
import { errorOf, fill, useFds } from '../native/fds.js';
import { disposedAtEnd, openFds } from '../support/fds.js';
import { callUntyped } from '../support/untyped.js';
import { BACKENDS, open } from './variants.js';

const fds = useFds();

test('a multiplexer that could not be made does not hinder the close of an fd', () => {
  const eventFd = new EventFd();
  expect(errorOf(() => void Reflect.construct(Multiplexer, [{ backend: 'kqueue' }]))).toMatchObject({
    code: 'ERR_OUT_OF_RANGE',
  });
  eventFd.close();
  expect(eventFd.closed).toBe(true);
});

describe.each(BACKENDS)('on %s', (backend) => {
  const variant = { backend, waiter: 'thread' } as const;

  test('an interest that is none is refused by a message that has all names', () => {
    const mux = open(variant);
    const [reader] = fds.pipe();
    for (const [interest, received] of [
      [undefined, 'undefined'],
      [1, '1'],
    ] as const) {
      expect(errorOf(() => callUntyped(mux, 'register', reader, { interest }))).toMatchObject({
        code: 'ERR_INVALID_ARG_TYPE',
        message: `"options.interest" must be 'read', 'write', 'read-write', 'priority' or an object of read, write and priority; received ${received}`,
      });
    }
  });

  test('unknown options are refused before anything is done', async () => {
    const mux = open(variant);
    const [reader] = fds.pipe();
    const before = openFds().size;
    const unknown = { code: 'ERR_UNKNOWN_OPTION' };
    const message: unknown = expect.stringMatching(/'backand'.*'backend'/);
    const construct = () => void Reflect.construct(Multiplexer, [{ backand: 'poll' }]);
    expect(errorOf(construct)).toMatchObject({ ...unknown, message });
    for (const options of [{ interest: 'read', onready: () => undefined }, { interest: { reed: true, read: true } }]) {
      expect(errorOf(() => callUntyped(mux, 'register', reader, options))).toMatchObject(unknown);
    }
    expect(openFds().size).toBe(before);
    expect(mux.size).toBe(0);
    const registration = mux.register(reader, { interest: 'read' });
    expect(errorOf(() => callUntyped(registration, 'modify', { intrest: 'write' }))).toMatchObject(unknown);
    expect(errorOf(() => callUntyped(registration, 'drain', () => null, { budget: 1 }))).toMatchObject(unknown);
    expect(errorOf(() => callUntyped(mux, 'waitSync', 0, { onsignal: 'retry' }))).toMatchObject(unknown);
    expect(errorOf(() => callUntyped(mux, 'runSync', () => undefined, { sig: 1 }))).toMatchObject(unknown);
    expect(errorOf(() => callUntyped(mux, 'batches', { timeout: 1 }))).toMatchObject(unknown);
    await expect(callUntyped(mux, 'wait', 0, { maxEvents: 1 })).rejects.toMatchObject(unknown);
    await expect(callUntyped(mux, 'run', () => undefined, { abort: 1 })).rejects.toMatchObject(unknown);
  });

  test('a registration is found by its object among many, even when the object has no valid fd', () => {
    const mux = open<number>(variant);
    const sources = Array.from({ length: 50 }, (_, index) => {
      const [reader] = fds.pipe();
      const source = { fd: reader };
      mux.register(source, { interest: 'read', data: index });
      return source;
    });
    for (const [index, source] of sources.entries()) {
      source.fd = -1;
      expect(mux.modify(source, { interest: 'read' }).data).toBe(index);
      expect(mux.unregister(source).data).toBe(index);
      expect(errorOf(() => mux.unregister(source))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
    expect(mux.size).toBe(0);
  });

  test('an object that was registered again under another fd stands for the new registration', () => {
    const mux = open<string>(variant);
    const [first, second] = [fds.pipe()[0], fds.pipe()[0]];
    const source = { fd: first };
    const old = mux.register(source, { interest: 'read', data: 'old' });
    source.fd = second;
    mux.register(source, { interest: 'read', data: 'new' });
    old.unregister();
    expect(mux.unregister(source).data).toBe('new');
  });

  test('a multiplexer shows its backend, size and state', () => {
    const mux = open<string>(variant);
    const [reader, writer] = fds.pipe();
    const registration = mux.register(reader, { interest: 'read', data: 'mine' });
    expect(inspect(mux)).toBe(`Multiplexer { backend: '${backend}', size: 1, state: 'idle' }`);
    fill(writer, 'x');
    mux.waitSync(0);
    const shown = inspect(registration, { breakLength: Infinity });
    expect(shown).toMatch(
      new RegExp(`^Registration { fd: ${reader}, interest: 'read', trigger: 'level', state: 'active'`),
    );
    expect(shown).toContain("data: 'mine'");
    mux.close();
    expect(inspect(mux)).toContain("state: 'closed'");
    expect(inspect(registration)).toContain("state: 'gone'");
  });
});

test('setting what is set already makes no system call in level mode', () => {
  const before = openFds();
  const mux = disposedAtEnd(new Multiplexer({ backend: 'epoll' }));
  const [epollFd = -1] = [...openFds().keys()].filter((fd) => !before.has(fd));
  const [reader] = fds.pipe();
  const registration = mux.register(reader, { interest: 'read' });
  // The fd leaves the epoll set without the multiplexer: a call for it fails from now on.
  native.epollCtl(epollFd, EPOLL_CTL_DEL, reader, 0, 0, 0);
  registration.modify({ interest: 'read' });
  registration.modify({ interest: { read: true }, trigger: 'level' });
  mux.modify(reader, { trigger: 'level' });
  expect(errorOf(() => registration.modify({ interest: 'write' }))).toMatchObject({ code: 'ENOENT' });
});
