/** The multiplexer, written once and run on every backend, waiter and trigger. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { type Batch, Multiplexer } from '../../src/multiplexer/multiplexer.js';
import type { Registration } from '../../src/multiplexer/registration.js';
import { POLLIN, POLLNVAL } from '../../src/readiness/constants.js';
import { errorOf, fill, useFds } from '../native/fds.js';
import { until, within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { BACKENDS, LEVEL_VARIANTS, open, VARIANTS } from './variants.js';

const fds = useFds();

function empty(fd: number): number {
  const buffer = Buffer.alloc(65_536);
  let total = 0;
  for (;;) {
    const count = native.read(fd, buffer, 0, buffer.length);
    if (count <= 0) return total;
    total += count;
  }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Collects what reaches `uncaughtException` until the returned function is called. */
function collectUncaught(): () => unknown[] {
  const errors: unknown[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const collect = (error: unknown) => errors.push(error);
  process.on('uncaughtException', collect);
  return () => {
    process.off('uncaughtException', collect);
    for (const listener of before) process.on('uncaughtException', listener);
    return errors;
  };
}

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

  test('poll and select report in the order of registering', () => {
    const mux = open(variant);
    const writers = Array.from({ length: 20 }, () => fds.pipe()[1]).reverse();
    for (const writer of writers) mux.register(writer, { interest: 'write' });
    const order = mux.waitSync(0).map(({ fd }) => fd);
    if (variant.backend === 'epoll') order.sort((one, other) => other - one);
    expect(order).toEqual(writers);
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

  test('a second wait at the same time is refused, in every form', async () => {
    const mux = open(variant);
    const expectBusy = async () => {
      expect(errorOf(() => mux.waitSync(0))).toMatchObject({ code: 'ERR_BUSY' });
      expect(errorOf(() => mux.runSync(() => undefined))).toMatchObject({ code: 'ERR_BUSY' });
      await expect(mux.wait(0)).rejects.toMatchObject({ code: 'ERR_BUSY' });
      await expect(mux.run(() => undefined)).rejects.toMatchObject({ code: 'ERR_BUSY' });
    };
    const waiting = mux.wait(5);
    await expectBusy();
    expect(await waiting).toHaveLength(0);
    const controller = new AbortController();
    const running = mux.run(() => undefined, { signal: controller.signal });
    await expectBusy();
    controller.abort();
    expect(await running).toBe('aborted');
  });

  test('async iteration yields batch after batch and ends when the multiplexer is closed', async () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    let rounds = 0;
    fill(writer, 'x');
    for await (const batch of mux) {
      expect(batch).toHaveLength(1);
      rounds += 1;
      if (rounds === 5) mux.close();
    }
    expect(rounds).toBe(5);
  });

  test('batches() ends with an AbortError when it is aborted', async () => {
    const mux = open(variant);
    const controller = new AbortController();
    const next = mux.batches({ signal: controller.signal }).next();
    await nextTurn();
    controller.abort('enough');
    await expect(next).rejects.toMatchObject({ code: 'ABORT_ERR', cause: 'enough' });
  });

  test('close ends a wait with ERR_CLOSED and run with a value', async () => {
    const waitingMux = open(variant);
    const waiting = waitingMux.wait();
    waitingMux.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    const runningMux = open(variant);
    const running = runningMux.run(() => undefined);
    await nextTurn();
    runningMux.close();
    expect(await running).toBe('closed');
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

  test('a wake-up before or during a wait ends that one, and is not an event', async () => {
    const mux = open(variant);
    mux.wakeup();
    mux.wakeup();
    expect(mux.waitSync()).toHaveLength(0);
    expect(mux.waitSync(0)).toHaveLength(0);
    expect(mux.stats().wakeups).toBe(1);
    const waiting = mux.wait();
    await nextTurn();
    mux.wakeup();
    expect(await within(waiting, 'the end of the wait')).toHaveLength(0);
    mux.wakeup();
    expect(await within(mux.wait(), 'the end of the wait')).toHaveLength(0);
    expect(await mux.wait(2)).toHaveLength(0);
  });

  test('run calls its handler with an empty batch after a wake-up', async () => {
    const mux = open(variant);
    const sizes: number[] = [];
    const running = mux.run((batch) => {
      sizes.push(batch.length);
      mux.close();
    });
    mux.wakeup();
    expect(await within(running, 'the end of run')).toBe('closed');
    expect(sizes).toEqual([0]);
  });

  test('runSync serves, and ends when it is closed, aborted or its handler throws', () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    fill(writer, 'x');
    const controller = new AbortController();
    expect(mux.runSync(() => controller.abort(), { signal: controller.signal })).toBe('aborted');
    const failure = new Error('from the handler');
    expect(
      errorOf(() =>
        mux.runSync(() => {
          throw failure;
        }),
      ),
    ).toBe(failure);
    let rounds = 0;
    expect(
      mux.runSync((batch) => {
        rounds += batch.length;
        if (rounds === 3) mux.close();
      }),
    ).toBe('closed');
    expect(rounds).toBe(3);
  });

  test('a registration that an earlier handler of the batch unregisters or pauses is not delivered', () => {
    const mux = open<number>(variant);
    const registrations = Array.from({ length: 6 }, (_, index) =>
      mux.register(fds.pipe()[1], { interest: 'write', data: index }),
    );
    const seen: number[] = [];
    const batch = mux.waitSync(0);
    expect(batch).toHaveLength(6);
    for (const registration of batch) {
      if (seen.length === 0) {
        for (const other of registrations) {
          if (other === registration) continue;
          if (other.data % 2 === 0) other.unregister();
          else other.pause();
        }
      }
      seen.push(registration.data);
    }
    expect(seen).toHaveLength(1);
  });

  test('a registration that unregisters itself takes none of the others along', () => {
    const mux = open<number>(variant);
    for (let index = 0; index < 6; index += 1) mux.register(fds.pipe()[1], { interest: 'write', data: index });
    const seen: number[] = [];
    for (const registration of mux.waitSync(0)) {
      seen.push(registration.data);
      registration.unregister();
    }
    expect(seen.sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(mux.size).toBe(0);
    expect(mux.waitSync(0)).toHaveLength(0);
  });

  test('onReady serves a registration in every form of wait, and no batch includes it', async () => {
    const mux = open<string>(variant);
    const [served, servedWriter] = fds.pipe();
    const [batched, batchedWriter] = fds.pipe();
    const log: string[] = [];
    mux.register(served, {
      interest: 'read',
      data: 'served',
      onReady: (registration) => {
        log.push(registration.data);
        empty(registration.fd);
      },
    });
    mux.register(batched, { interest: 'read', data: 'batched' });
    mux.onTurnEnd(() => log.push('end of turn'));
    const serve = (batch: Batch<string>) => {
      log.push(`a batch of ${batch.length}`);
      for (const { fd } of batch) empty(fd);
    };

    fill(servedWriter, 'x');
    fill(batchedWriter, 'x');
    // A wait that blocks the thread first sends what was written before.
    serve(mux.waitSync(1000));
    expect(log.splice(0)).toEqual(['end of turn', 'served', 'end of turn', 'a batch of 1']);

    fill(servedWriter, 'x');
    expect(mux.waitSync(5)).toHaveLength(0);
    expect(log.splice(0)).toEqual(['end of turn', 'served', 'end of turn']);

    fill(servedWriter, 'x');
    const waiting = mux.wait();
    await until(() => log.includes('end of turn'), 'the end of the first turn');
    fill(batchedWriter, 'x');
    serve(await within(waiting, 'a batch'));
    expect(log.splice(0)).toEqual(['served', 'end of turn', 'end of turn', 'a batch of 1']);

    const controller = new AbortController();
    const running = mux.run(
      (batch) => {
        serve(batch);
        controller.abort();
      },
      { signal: controller.signal },
    );
    fill(servedWriter, 'x');
    fill(batchedWriter, 'x');
    await within(running, 'the end of run');
    expect(log.splice(0)).toEqual(['served', 'end of turn', 'a batch of 1', 'end of turn']);

    fill(servedWriter, 'x');
    fill(batchedWriter, 'x');
    mux.runSync((batch) => {
      serve(batch);
      mux.close();
    });
    expect(log).toEqual(['end of turn', 'served', 'end of turn', 'a batch of 1', 'end of turn']);
  });

  test('an onTurnEnd callback that was removed is not called', () => {
    const mux = open(variant);
    mux.register(fds.pipe()[1], { interest: 'write' });
    let calls = 0;
    const take = mux.onTurnEnd(() => {
      calls += 1;
    });
    mux.waitSync(0);
    const callsBefore = calls;
    expect(callsBefore).toBeGreaterThan(0);
    take();
    mux.waitSync(0);
    expect(calls).toBe(callsBefore);
  });

  test('a handler of run that throws reaches uncaughtException once, and the loop goes on', async () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    const uncaught = collectUncaught();
    let rounds = 0;
    const running = mux.run(() => {
      empty(reader);
      rounds += 1;
      if (rounds === 2) mux.close();
      else setImmediate(() => fill(writer, 'x'));
      throw new Error(`from round ${rounds}`);
    });
    fill(writer, 'x');
    await within(running, 'the end of run');
    await nextTurn();
    expect(uncaught()).toEqual([new Error('from round 1'), new Error('from round 2')]);
  });

  test('an onReady that throws reaches uncaughtException once, and the others are served', async () => {
    const mux = open(variant);
    const served: number[] = [];
    for (let index = 0; index < 3; index += 1) {
      mux.register(fds.pipe()[1], {
        interest: 'write',
        onReady: (registration) => {
          served.push(registration.fd);
          registration.pause();
          throw new Error('from onReady');
        },
      });
    }
    const take = mux.onTurnEnd(() => {
      throw new Error('from onTurnEnd');
    });
    const uncaught = collectUncaught();
    await mux.wait(2);
    await nextTurn();
    take();
    expect(served).toHaveLength(3);
    expect(uncaught().map(String)).toEqual([
      'Error: from onReady',
      'Error: from onReady',
      'Error: from onReady',
      'Error: from onTurnEnd',
    ]);
  });

  test('an onReady that throws ends runSync after the others were served', () => {
    const mux = open(variant);
    let served = 0;
    for (let index = 0; index < 3; index += 1) {
      mux.register(fds.pipe()[1], {
        interest: 'write',
        onReady: () => {
          served += 1;
          if (served === 1) throw new Error('from onReady');
        },
      });
    }
    expect(errorOf(() => mux.runSync(() => undefined))).toEqual(new Error('from onReady'));
    expect(served).toBe(3);
  });

  test('handlers run in the async context of run', async () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    const storage = new AsyncLocalStorage<string>();
    mux.register(reader, { interest: 'read' });
    const seen: unknown[] = [];
    const running = storage.run('the context of run', () =>
      mux.run(() => {
        seen.push(storage.getStore());
        mux.close();
      }),
    );
    storage.run('another', () => fill(writer, 'x'));
    await within(running, 'the end of run');
    expect(seen).toEqual(['the context of run']);
  });

  test('the code after an await is in the async context of the wait', async () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    const storage = new AsyncLocalStorage<string>();
    mux.register(reader, { interest: 'read' });
    const seen = storage.run('the context of wait', async () => {
      await mux.wait();
      return storage.getStore();
    });
    await nextTurn();
    storage.run('another', () => fill(writer, 'x'));
    expect(await within(seen, 'the wait')).toBe('the context of wait');
  });

  test('closing in a handler ends every wait and delivers nothing more', async () => {
    const mux = open(variant);
    let served = 0;
    for (let index = 0; index < 3; index += 1) {
      mux.register(fds.pipe()[1], {
        interest: 'write',
        onReady: () => {
          served += 1;
          mux.close();
        },
      });
    }
    await expect(mux.wait()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(served).toBe(1);
    const other = open(variant);
    other.register(fds.pipe()[1], { interest: 'write', onReady: () => other.close() });
    expect(errorOf(() => other.waitSync())).toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('a wait in a handler of the same multiplexer is refused, one of another is not', async () => {
    const mux = open(variant);
    const other = open(variant);
    const [, writer] = fds.pipe();
    mux.register(writer, { interest: 'write' });
    other.register(writer, { interest: 'write' });
    const results: unknown[] = [];
    await within(
      mux.run(() => {
        results.push(errorOf(() => mux.waitSync(0)));
        results.push(other.waitSync(0).length);
        mux.close();
      }),
      'the end of run',
    );
    expect(results).toEqual([expect.objectContaining({ code: 'ERR_BUSY' }), 1]);
  });

  test('a drain that is queued is reported again inside the event loop, too', async () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    const buffer = Buffer.alloc(1);
    const outcomes: string[] = [];
    mux.register(reader, {
      interest: 'read',
      onReady: (registration: Registration) => {
        outcomes.push(
          registration.drain(
            () => {
              const count = native.read(reader, buffer, 0, 1);
              return count < 0 ? null : count;
            },
            { budgetBytes: 1 },
          ),
        );
        if (outcomes.length === 4) mux.close();
      },
    });
    fill(writer, 'xyz');
    expect(
      await within(
        mux.run(() => undefined),
        'the end of run',
      ),
    ).toBe('closed');
    expect(outcomes).toEqual(['queued', 'queued', 'queued', 'drained']);
  });

  test('a registration that is queued and then paused is not reported', () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    fill(writer, 'xyz');
    const registration = mux.register(reader, { interest: 'read' });
    mux.waitSync(0);
    expect(registration.drain(() => 1, { budgetBytes: 1 })).toBe('queued');
    registration.pause();
    expect(mux.waitSync(0)).toHaveLength(0);
    registration.resume();
    expect(mux.waitSync(0)).toHaveLength(1);
  });

  test('stats count waits, events and wake-ups', () => {
    const mux = open(variant);
    mux.register(fds.pipe()[1], { interest: 'write' });
    mux.waitSync(0);
    mux.waitSync(0);
    expect(mux.stats()).toEqual({ waits: 2, events: 2, staleEvents: 0, wakeups: 0, rebuilds: 0 });
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
