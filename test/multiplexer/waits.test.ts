/** The forms of waiting, one at a time, with their ends, on every backend and waiter. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { errorOf, fill, useFds } from '../native/fds.js';
import { within } from '../support/deadline.js';
import { LEVEL_VARIANTS, open } from './variants.js';

const fds = useFds();

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(LEVEL_VARIANTS)('$name', (variant) => {
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

  test('a blocking wait ends at its timeout, however often it has called handlers back', () => {
    const mux = open(variant);
    const begin = performance.now();
    let isPatient = true;
    mux.register(fds.pipe()[1], {
      interest: 'write',
      onReady: (registration) => {
        isPatient = performance.now() - begin < 5000;
        if (!isPatient) registration.unregister();
      },
    });
    expect(mux.waitSync(20)).toHaveLength(0);
    expect(isPatient).toBe(true);
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
});
