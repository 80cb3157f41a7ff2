/** The multiplexer as a whole, written once and run on every backend, waiter and trigger. */
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import { wakeup } from '../../src/multiplexer/wakeup.js';
import { POLLIN, POLLNVAL, POLLOUT } from '../../src/readiness/constants.js';
import { errorOf, fill, useFds } from '../native/fds.js';
import { within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { empty } from './bytes.js';
import { BACKENDS, LEVEL_VARIANTS, open, VARIANTS } from './variants.js';

const fds = useFds();

describe.each(VARIANTS)('$name', (variant) => {
  const { trigger } = variant;

  test('reports what is ready, with its data', () => {
    const mux = open<string>(variant);
    const [reader, writer] = fds.pipe();
    const registration = mux.register(reader, { interest: 'read', trigger, data: 'the reader' });
    expect([...mux.waitSync(0)]).toEqual([]);
    fill(writer, 'x');
    const batch = mux.waitSync(1000);
    expect(batch).toHaveLength(1);
    expect(batch[0]).toBe(registration);
    expect(batch[0]).toMatchObject({ fd: reader, data: 'the reader', isReadable: true, isWritable: false, trigger });
    expect(registration.events & POLLIN).toBe(POLLIN);
  });

  test('reports again as its trigger says', () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    const registration = mux.register(reader, { interest: 'read', trigger });
    fill(writer, 'x');
    expect(mux.waitSync(1000)).toHaveLength(1);
    // Nothing was read and nothing has arrived.
    expect(mux.waitSync(0)).toHaveLength(trigger === 'level' ? 1 : 0);
    fill(writer, 'y');
    expect(mux.waitSync(0)).toHaveLength(trigger === 'level' || trigger === 'edge' ? 1 : 0);
    expect(registration.active).toBe(trigger === 'level' || trigger === 'edge');
    registration.rearm();
    expect(registration.active).toBe(true);
    expect(mux.waitSync(0)).toHaveLength(1);
    registration.rearm();
    empty(reader);
    expect(mux.waitSync(0)).toHaveLength(0);
  });

  test('waits inside the event loop', async () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    const registration = mux.register(reader, { interest: 'read', trigger });
    for (let round = 0; round < 20; round += 1) {
      const waiting = mux.wait();
      fill(writer, 'x');
      const batch = await within(waiting, 'a batch');
      expect(batch).toHaveLength(1);
      expect(batch[0]).toBe(registration);
      empty(reader);
      registration.rearm();
    }
    expect(await mux.wait(1)).toHaveLength(0);
  });

  test('run serves until it is aborted', async () => {
    const mux = open<(batch: string) => void>(variant);
    const [reader, writer] = fds.pipe();
    const controller = new AbortController();
    const registration = mux.register(reader, { interest: 'read', trigger, data: () => undefined });
    let seen = 0;
    const running = mux.run(
      (batch) => {
        for (const ready of batch) {
          expect(ready).toBe(registration);
          seen += empty(reader);
          ready.rearm();
        }
        if (seen < 30) fill(writer, 'x');
        else controller.abort();
      },
      { signal: controller.signal },
    );
    fill(writer, 'x');
    expect(await within(running, 'the end of run')).toBe('aborted');
    expect(seen).toBe(30);
    expect(mux.waitSync(0)).toHaveLength(0);
  });

  test('pausing stops events, hangups included; resuming reports what has arrived meanwhile', () => {
    const mux = open(variant);
    const [reader, writer] = native.pipe(true);
    fds.track(reader);
    const registration = mux.register(reader, { interest: 'read', trigger });
    registration.pause();
    expect(registration.active).toBe(false);
    fill(writer, 'x');
    native.close(writer);
    expect(mux.waitSync(0)).toHaveLength(0);
    registration.pause();
    registration.resume();
    expect(registration.active).toBe(true);
    expect(mux.waitSync(0)).toHaveLength(1);
    registration.resume();
    registration.unregister();
  });

  test('modifying changes interest, trigger and data', () => {
    const mux = open<number>(variant);
    const [a, b] = fds.socketPair();
    const registration = mux.register(a, { interest: 'read', trigger, data: 1 });
    expect(mux.waitSync(0)).toHaveLength(0);
    registration.modify({ interest: 'write' });
    expect(registration.interest).toBe('write');
    expect(mux.waitSync(0)).toHaveLength(1);
    expect(registration.isWritable).toBe(true);
    registration.modify({ interest: { read: true, priority: true }, data: 2 });
    expect(registration).toMatchObject({ interest: { read: true, write: false, priority: true }, data: 2 });
    expect(mux.waitSync(0)).toHaveLength(0);
    fill(b, 'x');
    expect(mux.waitSync(0)).toHaveLength(1);
    registration.modify({ trigger: 'level' });
    expect(registration.trigger).toBe('level');
    expect(mux.waitSync(0)).toHaveLength(1);
    expect(mux.waitSync(0)).toHaveLength(1);
  });

  test('drain goes on until nothing is left or the budget is used up; then the fd is reported again', () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    const registration = mux.register(reader, { interest: 'read', trigger });
    const buffer = Buffer.alloc(10);
    const read = () => {
      const count = native.read(reader, buffer, 0, buffer.length);
      return count < 0 ? null : count;
    };
    fill(writer, 'x'.repeat(100));
    const outcomes: string[] = [];
    for (let batch = mux.waitSync(0); batch.length > 0; batch = mux.waitSync(0)) {
      expect(batch).toHaveLength(1);
      expect(registration.isReadable).toBe(true);
      outcomes.push(registration.drain(read, { budgetBytes: 40 }));
    }
    expect(outcomes).toEqual(['queued', 'queued', 'drained']);
    fds.close(writer);
    expect(registration.drain(read)).toBe('ended');
  });
});

describe.each(LEVEL_VARIANTS)('$name', (variant) => {
  test('reports writability, and both at once', () => {
    const mux = open(variant);
    const [a, b] = fds.socketPair();
    const registration = mux.register(a, { interest: 'read-write' });
    expect(mux.waitSync(0)).toHaveLength(1);
    expect(registration).toMatchObject({ isReadable: false, isWritable: true });
    fill(b, 'x');
    mux.waitSync(0);
    expect(registration).toMatchObject({ isReadable: true, isWritable: true });
  });

  test('after close every method has a defined result', async () => {
    const mux = open<undefined>(variant);
    const [reader] = fds.pipe();
    const registration = mux.register(reader, { interest: 'read' });
    mux.close();
    mux.close();
    expect([mux.closed, mux.size, mux.get(reader), mux.has(reader), [...mux]]).toEqual([true, 0, undefined, false, []]);
    for (const use of [
      () => mux.register(reader, { interest: 'read' }),
      () => mux.modify(reader, { interest: 'read' }),
      () => mux.unregister(reader),
      () => mux.waitSync(0),
      () => mux.runSync(() => undefined),
      () => mux.wakeup(),
      () => mux.wakeupToken(),
      () => registration.modify({ interest: 'write' }),
      () => registration.pause(),
      () => registration.resume(),
      () => registration.rearm(),
      () => registration.drain(() => null),
    ]) {
      expect(errorOf(use)).toMatchObject({ code: 'ERR_CLOSED' });
    }
    await expect(mux.wait(0)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await expect(mux.run(() => undefined)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    for await (const batch of mux) expect.unreachable(`a batch of ${batch.length}`);
    registration.unregister();
    expect(registration.active).toBe(false);
    expect(mux.ref().unref().hasRef()).toBe(false);
    expect(registration.ref().unref().hasRef()).toBe(false);
    expect(mux.stats().waits).toBe(0);
    // The fd is the user's: it is still open.
    expect(native.isNonBlocking(reader)).toBe(true);
  });
});

describe.each(BACKENDS)('%s', (backend) => {
  const muxOf = <T = unknown>() => disposedAtEnd(new Multiplexer<T>({ backend }));

  test('supports the triggers that the kernel has for it, and refuses the others', () => {
    const mux = muxOf();
    const [reader] = fds.pipe();
    expect(mux.backend).toBe(backend);
    expect(mux.supports('level')).toBe(true);
    const registration = mux.register(fds.pipe()[0], { interest: 'read' });
    for (const trigger of ['edge', 'oneshot', 'edge-oneshot'] as const) {
      expect(mux.supports(trigger)).toBe(backend === 'epoll');
      if (backend === 'epoll') continue;
      expect(errorOf(() => mux.register(reader, { interest: 'read', trigger }))).toMatchObject({
        code: 'ERR_UNSUPPORTED_TRIGGER',
        message: `the ${backend} backend has no trigger '${trigger}'`,
      });
      expect(errorOf(() => registration.modify({ trigger, interest: 'write' }))).toMatchObject({
        code: 'ERR_UNSUPPORTED_TRIGGER',
      });
      expect(registration).toMatchObject({ trigger: 'level', interest: 'read' });
    }
    expect(mux.has(reader)).toBe(false);
  });

  test('reports errors and hangups, except select, which cannot', () => {
    const mux = muxOf();
    const [reader, writer] = native.pipe(true);
    native.close(reader);
    const registration = mux.register(fds.track(writer), { interest: 'write' });
    mux.waitSync(0);
    expect(registration).toMatchObject(
      backend === 'select'
        ? { isError: undefined, isHangup: undefined, isReadClosed: undefined, isWriteClosed: undefined }
        : { isError: true, isHangup: false, isReadClosed: false, isWriteClosed: true },
    );
    expect(registration.isWritable).toBe(true);
    registration.unregister();
  });

  test('an fd that was closed while registered: poll and select report it, epoll forgets it', () => {
    const mux = muxOf();
    const fd = native.eventFd(0);
    const registration = mux.register(fd, { interest: 'read' });
    const other = mux.register(fds.pipe()[1], { interest: 'write' });
    native.close(fd);
    const seen = [...mux.waitSync(0)];
    if (backend === 'epoll') {
      expect(seen).toEqual([other]);
    } else {
      expect(seen).toContain(registration);
      expect(registration).toMatchObject({ isInvalid: true, events: POLLNVAL });
    }
    registration.unregister();
    expect([...mux.waitSync(0)]).toEqual([other]);
  });

  test('an fd that was closed while registered holds up neither the others nor a wake-up', () => {
    const mux = muxOf();
    const fd = native.eventFd(0);
    mux.register(fd, { interest: 'read' });
    const idle = mux.register(fds.pipe()[0], { interest: 'read' });
    const [ended, writer] = native.pipe(true);
    const end = mux.register(fds.track(ended), { interest: 'read' });
    native.close(writer);
    const [reader, broken] = native.pipe(true);
    const failing = mux.register(fds.track(broken), { interest: { write: true, priority: true } });
    native.close(reader);
    const both = mux.register(fds.socketPair()[0], { interest: 'read-write' });
    const token = mux.wakeupToken();
    native.close(fd);
    for (let wait = 0; wait < 3; wait += 1) {
      const valid = [...mux.waitSync(0)].filter(({ isInvalid }) => !isInvalid);
      expect(new Set(valid)).toEqual(new Set([end, failing, both]));
      expect(end.isReadable).toBe(true);
      expect(failing.isWritable).toBe(true);
      expect(both).toMatchObject({ isReadable: false, isWritable: true });
      expect(idle.events).toBe(0);
    }
    if (backend === 'select') {
      expect([end, failing, both].map(({ events }) => events)).toEqual([POLLIN, POLLOUT, POLLOUT]);
    }
    wakeup(token);
    mux.waitSync(0);
    expect(mux.stats().wakeups).toBe(1);
  });
});

test('backends() names what this system has, best first', () => {
  expect(Multiplexer.backends()).toEqual(['epoll', 'poll', 'select']);
});

test('options are checked', () => {
  const make = (options: unknown): unknown => Reflect.construct(Multiplexer, [options]);
  for (const [options, code] of [
    [1, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [{ backend: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ backend: 'kqueue' }, 'ERR_OUT_OF_RANGE'],
    [{ maxEvents: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ maxEvents: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ unpollable: 'maybe' }, 'ERR_OUT_OF_RANGE'],
    [{ waiter: 'both' }, 'ERR_OUT_OF_RANGE'],
    [{ backend: 'poll', waiter: 'uv' }, 'ERR_OUT_OF_RANGE'],
  ] as const) {
    expect(errorOf(() => make(options))).toMatchObject({ code });
  }
});

describe('epoll alone', () => {
  test('plain files are EPERM, or always ready on request', async () => {
    const file = fds.track(native.open(__filename, 0, 0));
    const strict = disposedAtEnd(new Multiplexer({ backend: 'epoll' }));
    expect(errorOf(() => strict.register(file, { interest: 'read' }))).toMatchObject({ code: 'EPERM', fd: file });
    expect(strict.size).toBe(0);

    const mux = disposedAtEnd(new Multiplexer({ backend: 'epoll', unpollable: 'ready' }));
    const registration = mux.register(file, { interest: 'read' });
    expect([...mux.waitSync()]).toEqual([registration]);
    expect(registration.events).toBe(POLLIN);
    expect([...(await within(mux.wait(), 'a batch'))]).toEqual([registration]);
    const [reader, writer] = fds.pipe();
    const other = mux.register(reader, { interest: 'read' });
    fill(writer, 'x');
    expect(new Set(mux.waitSync())).toEqual(new Set([registration, other]));
    other.unregister();
    registration.pause();
    expect([...mux.waitSync(0)]).toEqual([]);
    registration.resume();
    registration.modify({ interest: 'write' });
    expect([...mux.waitSync(0)]).toEqual([registration]);
    expect(registration).toMatchObject({ isReadable: false, isWritable: true });
    registration.modify({ trigger: 'edge' });
    expect([...mux.waitSync(0)]).toEqual([registration]);
    expect([...mux.waitSync(0)]).toEqual([]);
    registration.modify({ trigger: 'oneshot' });
    expect([...mux.waitSync(0)]).toEqual([registration]);
    expect(registration.active).toBe(false);
    expect([...mux.waitSync(0)]).toEqual([]);
    registration.rearm();
    expect([...mux.waitSync(0)]).toEqual([registration]);
    registration.modify({ interest: 'priority', trigger: 'level' });
    expect([...mux.waitSync(1)]).toEqual([]);
    registration.unregister();
    expect(mux.size).toBe(0);
  });

  test('maxEvents limits a wait, and the next one returns the rest', () => {
    const mux = disposedAtEnd(new Multiplexer({ backend: 'epoll', maxEvents: 2 }));
    for (let index = 0; index < 5; index += 1) mux.register(fds.pipe()[1], { interest: 'write' });
    const seen = new Set<number>();
    for (let round = 0; round < 3; round += 1) {
      const batch = mux.waitSync(0);
      expect(batch).toHaveLength(2);
      for (const { fd } of batch) seen.add(fd);
    }
    expect(seen.size).toBe(5);
  });

  test('an exclusive registration wakes one of two instances, and can be modified', () => {
    const [reader, writer] = fds.pipe();
    const muxes = [
      disposedAtEnd(new Multiplexer({ backend: 'epoll' })),
      disposedAtEnd(new Multiplexer({ backend: 'epoll' })),
    ];
    const registrations = muxes.map((mux) => mux.register(reader, { interest: 'read', exclusive: true }));
    fill(writer, 'x');
    expect(muxes.reduce((sum, mux) => sum + mux.waitSync(0).length, 0)).toBeGreaterThanOrEqual(1);
    for (const registration of registrations) registration.modify({ interest: 'read-write' });
    expect(registrations[0]?.interest).toBe('read-write');
    const [, spare] = fds.pipe();
    const [first] = muxes;
    if (first === undefined) throw new Error('no multiplexer');
    expect(
      errorOf(() => first.register(spare, { interest: 'write', exclusive: true, trigger: 'oneshot' })),
    ).toMatchObject({ code: 'EINVAL' });
    expect(first.has(spare)).toBe(false);
  });

  test('the other backends refuse exclusive registrations', () => {
    const [reader] = fds.pipe();
    for (const backend of ['poll', 'select'] as const) {
      const mux = disposedAtEnd(new Multiplexer<undefined>({ backend }));
      expect(errorOf(() => mux.register(reader, { interest: 'read', exclusive: true }))).toMatchObject({
        code: 'ERR_UNSUPPORTED_TRIGGER',
      });
    }
  });
});
