/** Registering, changing and unregistering, on every backend and waiter. */
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { errorOf, fill, useFds } from '../native/fds.js';
import { within } from '../support/deadline.js';
import { LEVEL_VARIANTS, open } from './variants.js';

const fds = useFds();

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(LEVEL_VARIANTS)('$name', (variant) => {
  test('poll and select report in the order of registering', () => {
    const mux = open(variant);
    const writers = Array.from({ length: 20 }, () => fds.pipe()[1]).reverse();
    for (const writer of writers) mux.register(writer, { interest: 'write' });
    const order = mux.waitSync(0).map(({ fd }) => fd);
    if (variant.backend === 'epoll') order.sort((one, other) => other - one);
    expect(order).toEqual(writers);
  });

  test('poll and select call handlers in the order of registering', () => {
    const mux = open(variant);
    const writers = Array.from({ length: 20 }, () => fds.pipe()[1]).reverse();
    const order: number[] = [];
    for (const writer of writers) mux.register(writer, { interest: 'write', onReady: ({ fd }) => order.push(fd) });
    for (let waits = 0; waits < 2; waits += 1) {
      order.length = 0;
      mux.waitSync(0);
      if (variant.backend === 'epoll') order.sort((one, other) => other - one);
      expect(order).toEqual(writers);
    }
  });

  test('an fd is registered once; get, has, size and iteration show it', () => {
    const mux = open<string>(variant);
    const [reader, writer] = fds.pipe();
    expect([mux.size, mux.has(reader), mux.get(reader), [...mux]]).toEqual([0, false, undefined, []]);
    const first = mux.register(reader, { interest: 'read', data: 'r' });
    const second = mux.register({ fd: writer }, { interest: 'write', data: 'w' });
    expect(errorOf(() => mux.register({ fd: reader }, { interest: 'write', data: '' }))).toMatchObject({
      code: 'EEXIST',
      errno: -17,
      fd: reader,
    });
    expect(mux.size).toBe(2);
    expect(mux.has({ fd: reader })).toBe(true);
    expect(mux.get(writer)).toBe(second);
    expect([...mux]).toEqual([first, second]);
    first.unregister();
    expect([mux.size, mux.has(reader), [...mux].length]).toEqual([1, false, 1]);
  });

  test('nothing keeps a file open after it was unregistered and closed during a wait', async () => {
    const mux = open(variant);
    const [held] = fds.pipe();
    mux.register(held, { interest: 'read' });
    const controller = new AbortController();
    const waiting = mux.wait(null, { signal: controller.signal });
    for (let i = 0; i < 50; i += 1) {
      const [reader, writer] = native.pipe(true);
      fds.track(writer);
      const registration = mux.register(reader, { interest: 'read' });
      // The next look includes it, and soon after that a helper thread blocks on it.
      for (let turn = 0; turn < 3; turn += 1) await nextTurn();
      registration.unregister();
      native.close(reader);
      expect(() => native.write(writer, Buffer.from('x'), 0, 1)).toThrow(expect.objectContaining({ code: 'EPIPE' }));
    }
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('registering, modifying and unregistering take effect during a wait', async () => {
    const mux = open<string>(variant);
    const [first, firstWriter] = fds.pipe();
    const [second, secondWriter] = fds.pipe();
    const gone = mux.register(first, { interest: 'read', data: 'first' });
    const waiting = mux.wait();
    await nextTurn();
    await nextTurn();
    const late = mux.register(second, { interest: 'write', data: 'second' });
    late.modify({ interest: 'read' });
    gone.unregister();
    fill(firstWriter, 'x');
    await nextTurn();
    fill(secondWriter, 'x');
    const batch = await within(waiting, 'a batch');
    expect(batch.map(({ data }) => data)).toEqual(['second']);
  });

  test('a registration that is gone throws ERR_NOT_REGISTERED', () => {
    const mux = open<undefined>(variant);
    const [reader] = fds.pipe();
    const registration = mux.register(reader, { interest: 'read' });
    registration.unregister();
    registration.unregister();
    for (const use of [
      () => registration.modify({ interest: 'write' }),
      () => registration.pause(),
      () => registration.resume(),
      () => registration.rearm(),
      () => registration.drain(() => null),
      () => mux.unregister(reader),
      () => mux.modify(reader, { interest: 'write' }),
    ]) {
      expect(errorOf(use)).toMatchObject({ code: 'ERR_NOT_REGISTERED' });
    }
  });
});
