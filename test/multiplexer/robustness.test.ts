/** Many fds, many reuses, and garbage as arguments. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import { wakeup } from '../../src/multiplexer/wakeup.js';
import { POLLIN, POLLOUT } from '../../src/readiness/constants.js';
import { Epoll } from '../../src/readiness/epoll.js';
import { Poll, poll, pollSync } from '../../src/readiness/poll.js';
import { select, selectSync } from '../../src/readiness/select.js';
import { fill, useFds } from '../native/fds.js';
import { disposedAtEnd } from '../support/fds.js';
import { openFds } from '../support/fds.js';
import { takesLargeFds } from '../support/runtime.js';
import { callUntyped } from '../support/untyped.js';
import { reuseFds } from './reuse.js';
import { BACKENDS } from './variants.js';

const fds = useFds();

test(
  'no event reaches a wrong registration while 5,000 fds are opened, closed and reused, some with duplicates',
  { tags: ['needs-epoll'] },
  () => {
    reuseFds(5_000);
  },
);

describe.each(BACKENDS)('%s', (backend) => {
  test.skipIf(!takesLargeFds(backend))(
    'one wait reports all that are ready of 15,000 registered fds',
    { timeout: 60_000, tags: ['needs-large-select'] },
    () => {
      const mux = disposedAtEnd(new Multiplexer<number>({ backend }));
      const COUNT = 15_000;
      const all = Array.from({ length: COUNT }, (_, index) => fds.track(native.eventFd(index % 2)));
      all.forEach((fd, index) => mux.register(fd, { interest: 'read', data: index }));
      const ready = mux.waitSync(0).map(({ data }) => data);
      expect(ready).toHaveLength(COUNT / 2);
      expect(ready.every((index) => index % 2 === 1)).toBe(true);
      expect(new Set(ready).size).toBe(COUNT / 2);
    },
  );

  test('a storm of hangups on paused registrations costs no CPU', async () => {
    const mux = disposedAtEnd(new Multiplexer({ backend }));
    for (let index = 0; index < 100; index += 1) {
      const [reader, writer] = native.pipe(true);
      fds.track(reader);
      native.close(writer);
      mux.register(reader, { interest: 'read' }).pause();
    }
    let calls = 0;
    const controller = new AbortController();
    const running = mux.run(
      () => {
        calls += 1;
      },
      { signal: controller.signal },
    );
    // The first look may be immediate; after it nothing can wake the wait.
    await new Promise((resolve) => setTimeout(resolve, 30));
    const before = mux.stats().waits;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(mux.stats().waits).toBe(before);
    expect(calls).toBe(0);
    controller.abort();
    await running;
  });

  test.skipIf(!takesLargeFds(backend))(
    'an fd number of a million is like any other',
    { tags: ['needs-large-select'] },
    () => {
      // It is not open. It must be this error, and nothing may grow as large as the number.
      const mux = disposedAtEnd(new Multiplexer<undefined>({ backend }));
      if (backend === 'epoll') {
        expect(() => mux.register(1_000_000, { interest: 'read' })).toThrow(expect.objectContaining({ code: 'EBADF' }));
        return;
      }
      const registration = mux.register(1_000_000, { interest: 'read' });
      expect([...mux.waitSync(0)]).toEqual([registration]);
      expect(registration.isInvalid).toBe(true);
      registration.unregister();
      expect(mux.size).toBe(0);
    },
  );
});

/** Every second one of them is ready. */
const openMany = () => Array.from({ length: 15_000 }, (_, index) => fds.track(native.eventFd(index % 2)));

test('one pollSync takes 15,000 fds', { timeout: 60_000 }, () => {
  const entries = openMany().map((fd) => ({ fd, events: POLLIN }));
  expect(pollSync(entries, 0)).toHaveLength(7_500);
});

test.skipIf(!takesLargeFds('select'))(
  'one selectSync takes 15,000 fds',
  { timeout: 60_000, tags: ['needs-large-select'] },
  () => {
    expect(selectSync(openMany(), [], [], 0).readable).toHaveLength(7_500);
  },
);

/** The index of the parameter that is the timeout. */
const TIMEOUT_POSITION: Readonly<Record<string, number>> = {
  waitSync: 0,
  pollSync: 1,
  poll: 1,
  selectSync: 3,
  select: 3,
};

describe('garbage', () => {
  /** Anything except a valid argument: no open fd is among the values. */
  const garbage = fc.oneof(
    fc.constantFrom<unknown[]>(
      undefined,
      null,
      NaN,
      Infinity,
      -Infinity,
      -1,
      -0.5,
      1.5,
      2 ** 31,
      2 ** 32 + 1,
      2 ** 53,
      true,
      '',
      'x',
    ),
    fc.bigInt(),
    fc.string(),
    fc.double({ min: -1e9, max: -1 }),
    fc.constant(Symbol('garbage')),
    fc.array(fc.anything(), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom('fd', 'events', 'interest', 'trigger', 'signal', 'maxEvents', 'onSignal', 'sigmask'),
      fc.anything(),
    ),
    fc.func(fc.anything()),
  );

  const isTyped = (error: unknown): boolean =>
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';

  const targets: readonly (readonly [string, () => object, readonly string[]])[] = [
    [
      'readiness',
      () => ({ selectSync, pollSync, select, poll, wakeup }),
      ['selectSync', 'pollSync', 'select', 'poll', 'wakeup'],
    ],
    ['Epoll', () => new Epoll(), ['add', 'modify', 'remove', 'setParams', 'waitSync', 'wait']],
    ['Poll', () => new Poll(), ['register', 'modify', 'unregister', 'has', 'waitSync', 'wait']],
    ...BACKENDS.map(
      (backend) =>
        [
          `Multiplexer on ${backend}`,
          () => new Multiplexer({ backend }),
          [
            'register',
            'modify',
            'unregister',
            'get',
            'has',
            'supports',
            'onTurnEnd',
            'waitSync',
            'wait',
            'run',
            'runSync',
            'batches',
          ],
        ] as const,
    ),
  ];

  test.each(targets)(
    'for every parameter of %s: a typed error or a plain result, never a wrong fd',
    async (_, make, methods) => {
      const before = openFds().size;
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...methods), fc.array(garbage, { maxLength: 5 }), async (method, args) => {
          const target = make();
          const close = () => {
            if (Symbol.dispose in target) callUntyped(target, 'close');
          };
          // A wait that garbage does not refuse would last for ever: the close ends it.
          const blocks = /sync$/i.test(method) && args.length === 0;
          if (blocks) {
            close();
            return;
          }
          try {
            const result = callUntyped(target, method, ...timed(method, args));
            if (result instanceof Promise) {
              const settled: Promise<unknown> = result;
              const outcome = settled.catch((error: unknown) => {
                if (!isTyped(error)) throw error;
              });
              close();
              await outcome;
            }
          } catch (error) {
            if (!isTyped(error)) throw error;
          } finally {
            close();
          }
        }),
        { numRuns: 300, seed: 1 },
      );
      expect(openFds().size).toBeLessThanOrEqual(before + 8);
    },
  );

  /** If garbage happens to be a list without entries and an infinite timeout, the wait gets an end. */
  function timed(method: string, args: readonly unknown[]): readonly unknown[] {
    const position = TIMEOUT_POSITION[method] ?? -1;
    if (position < 0) return args;
    const given = args[position];
    const waitsForEver = given === undefined || given === null || (typeof given === 'number' && given > 5);
    if (!waitsForEver) return args;
    return Object.assign([...args], { [position]: 0 });
  }

  test('constructors refuse garbage, too', () => {
    fc.assert(
      fc.property(fc.constantFrom(Epoll, Multiplexer), garbage, (Constructor, options) => {
        try {
          const made: unknown = Reflect.construct(Constructor, [options]);
          if (made instanceof Epoll || made instanceof Multiplexer) made.close();
        } catch (error) {
          if (!isTyped(error)) throw error;
        }
      }),
      { numRuns: 300, seed: 2 },
    );
  });
});

test('no registration gets an event that it did not ask for, except those that are always reported', () => {
  const mux = disposedAtEnd(new Multiplexer());
  const [a, b] = fds.socketPair();
  const registration = mux.register(a, { interest: 'write' });
  fill(b, 'x');
  expect([...mux.waitSync(0)]).toEqual([registration]);
  expect(registration.events).toBe(POLLOUT);
});
