/** A turn: which handlers are called, what the batch has, and who gets exceptions, on every backend and waiter. */
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import type { Batch } from '../../src/multiplexer/multiplexer.js';
import type { Registration } from '../../src/multiplexer/registration.js';
import { pipe } from '../../src/socket/descriptor.js';
import { errorOf, fill, useFds } from '../native/fds.js';
import { until, within } from '../support/deadline.js';
import { empty } from './bytes.js';
import { collectUncaught } from './uncaught.js';
import { LEVEL_VARIANTS, open } from './variants.js';

const fds = useFds();

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(LEVEL_VARIANTS)('$name', (variant) => {
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

  test('a drain whose reader pauses the registration stops, and is reported only after a resume', () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    fill(writer, 'xyz');
    const registration = mux.register(reader, { interest: 'read' });
    mux.waitSync(0);
    let reads = 0;
    const read = () => {
      reads += 1;
      if (reads === 2) registration.pause();
      return 1;
    };
    expect(registration.drain(read, { budgetBytes: 2 })).toBe('queued');
    expect(reads).toBe(2);
    expect(mux.waitSync(0)).toHaveLength(0);
    reads = 1;
    registration.resume();
    expect(registration.drain(read)).toBe('queued');
    expect(reads).toBe(2);
    expect(mux.waitSync(0)).toHaveLength(0);
    registration.resume();
    expect(mux.waitSync(0)).toHaveLength(1);
  });

  test('a drain of a paused registration reads on, but does not queue it', () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    fill(writer, 'xyz');
    const registration = mux.register(reader, { interest: 'read' });
    registration.pause();
    let reads = 0;
    expect(registration.drain(() => (reads += 1), { budgetBytes: 3 })).toBe('queued');
    expect(reads).toBe(2);
    expect(mux.waitSync(0)).toHaveLength(0);
  });

  test('a drain whose reader unregisters and closes the fd does not read again', () => {
    const mux = open(variant);
    const [reader, writer] = pipe();
    writer.write('xyz');
    const registration = mux.register(reader, { interest: 'read' });
    mux.waitSync(0);
    const read = () => {
      const bytes = reader.read(1);
      reader.close();
      return bytes;
    };
    expect(registration.drain(read)).toBe('queued');
    expect(mux.size).toBe(0);
    writer.close();
  });

  test('a registration that is queued and then modified is reported for its new interest only', () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    fill(writer, 'xyz');
    const registration = mux.register(reader, { interest: 'read' });
    mux.waitSync(0);
    expect(registration.drain(() => 1, { budgetBytes: 1 })).toBe('queued');
    registration.modify({ interest: 'priority' });
    expect(mux.waitSync(0)).toHaveLength(0);
    expect(registration.drain(() => 1, { budgetBytes: 1 })).toBe('queued');
    registration.modify({ interest: { read: true, priority: true } });
    expect(mux.waitSync(0)).toHaveLength(1);
    expect(registration.isReadable).toBe(true);
  });

  test('stats count waits, events and wake-ups', () => {
    const mux = open(variant);
    mux.register(fds.pipe()[1], { interest: 'write' });
    mux.waitSync(0);
    mux.waitSync(0);
    expect(mux.stats()).toEqual({ waits: 2, events: 2, staleEvents: 0, wakeups: 0, directWaits: 0, rebuilds: 0 });
  });
});
