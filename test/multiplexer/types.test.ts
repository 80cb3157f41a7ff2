/** Code that must compile and code that must not. The compiler checks this file; running it checks little more. */
import { describe, expectTypeOf, test } from 'vitest';
import type { FdLike } from '../../src/arguments.js';
import type { Trigger, TriggerOf } from '../../src/multiplexer/backend.js';
import type { Batch } from '../../src/multiplexer/multiplexer.js';
import type { Multiplexer } from '../../src/multiplexer/multiplexer-class.js';
import type { RegisterOptions, Registration } from '../../src/multiplexer/registration.js';
import type { Epoll, EpollEvent } from '../../src/readiness/epoll.js';
import type { selectSync } from '../../src/readiness/select.js';

type Source = { readonly kind: 'listener' } | { readonly kind: 'client'; readonly name: string };

/** Never called: only its types are of interest. */
const uses: ((...args: never) => void)[] = [];

describe('triggers', () => {
  test('belong to the backend', () => {
    expectTypeOf<TriggerOf<'epoll'>>().toEqualTypeOf<Trigger>();
    expectTypeOf<TriggerOf<'poll'>>().toEqualTypeOf<'level'>();
    expectTypeOf<TriggerOf<'select'>>().toEqualTypeOf<'level'>();
  });

  test('edge compiles if the backend has it or is not known, and not on poll or select', () => {
    uses.push((epoll: Multiplexer<number, 'epoll'>, any: Multiplexer<number>, poll: Multiplexer<number, 'poll'>) => {
      epoll.register(0, { interest: 'read', trigger: 'edge-oneshot', exclusive: true, data: 1 });
      any.register(0, { interest: 'read', trigger: 'edge', data: 1 });
      const registration = poll.register(0, { interest: 'read', trigger: 'level', data: 1 });
      // @ts-expect-error poll has no edge trigger
      poll.register(0, { interest: 'read', trigger: 'edge', data: 1 });
      // @ts-expect-error poll has no one-shot trigger
      registration.modify({ trigger: 'oneshot' });
      // @ts-expect-error poll has no exclusive registrations
      poll.register(0, { interest: 'read', exclusive: true, data: 1 });
    });
  });
});

describe('data', () => {
  test('has the type that the multiplexer was given', () => {
    expectTypeOf<Registration<Source>['data']>().toEqualTypeOf<Source>();
    expectTypeOf<Batch<Source>[number]['data']>().toEqualTypeOf<Source>();
    expectTypeOf<ReturnType<Multiplexer<Source>['get']>>().toEqualTypeOf<Registration<Source> | undefined>();
  });

  test('narrows by its discriminant', () => {
    uses.push((registration: Registration<Source>) => {
      if (registration.data.kind === 'client') expectTypeOf(registration.data.name).toEqualTypeOf<string>();
      // @ts-expect-error a listener has no name
      else expectTypeOf(registration.data.name).toBeString();
    });
  });

  test('can be omitted only if its type allows that', () => {
    expectTypeOf<{ interest: 'read' }>().toExtend<RegisterOptions<unknown>>();
    expectTypeOf<{ interest: 'read' }>().toExtend<RegisterOptions<undefined>>();
    expectTypeOf<{ interest: 'read' }>().toExtend<RegisterOptions<string | undefined>>();
    expectTypeOf<{ interest: 'read' }>().not.toExtend<RegisterOptions<string>>();
    expectTypeOf<{ interest: 'read'; data: number }>().not.toExtend<RegisterOptions<string>>();
  });
});

describe('options', () => {
  test('of a backend that has no uv waiter', () => {
    uses.push((Constructor: typeof Multiplexer) => {
      new Constructor<number, 'epoll'>({ backend: 'epoll', waiter: 'uv' });
      new Constructor({ backend: 'poll', waiter: 'thread' });
      // @ts-expect-error poll waits by a thread
      new Constructor({ backend: 'poll', waiter: 'uv' });
      // @ts-expect-error no such backend
      new Constructor({ backend: 'kqueue' });
      // @ts-expect-error no such interest
      new Constructor().register(0, { interest: 'everything' });
    });
  });
});

describe('the constructor', () => {
  test('keeps the backend that its options name, with or without the type of the data', () => {
    uses.push((Constructor: typeof Multiplexer, name: 'epoll' | 'poll') => {
      expectTypeOf(new Constructor<number>({ backend: 'poll' })).toEqualTypeOf<Multiplexer<number, 'poll'>>();
      expectTypeOf(new Constructor<number>({ backend: 'select' })).toEqualTypeOf<Multiplexer<number, 'select'>>();
      expectTypeOf(new Constructor<number>({ backend: 'epoll' })).toEqualTypeOf<Multiplexer<number, 'epoll'>>();
      expectTypeOf(new Constructor({ backend: 'poll' })).toEqualTypeOf<Multiplexer<unknown, 'poll'>>();
      expectTypeOf(new Constructor<number, 'poll'>()).toEqualTypeOf<Multiplexer<number, 'poll'>>();
      expectTypeOf(new Constructor<number>()).toEqualTypeOf<Multiplexer<number>>();
      expectTypeOf(new Constructor<number>({ waiter: 'uv' })).toEqualTypeOf<Multiplexer<number>>();
      expectTypeOf(new Constructor<number>({ backend: name })).toEqualTypeOf<Multiplexer<number>>();
      // @ts-expect-error poll has no edge trigger
      new Constructor<number>({ backend: 'poll' }).register(0, { interest: 'read', trigger: 'edge', data: 1 });
      // @ts-expect-error poll waits by a thread
      new Constructor<number>({ backend: 'poll', waiter: 'uv' });
      // @ts-expect-error no such option
      new Constructor<number>({ backand: 'poll' });
    });
  });
});

describe('handlers', () => {
  test('are synchronous', () => {
    uses.push((mux: Multiplexer<number>, value: string) => {
      void mux.run((batch) => batch.length);
      mux.runSync(() => undefined);
      mux.onTurnEnd(() => value);
      // @ts-expect-error nobody would await it
      void mux.run(async () => Promise.resolve());
      // @ts-expect-error nobody would await it
      mux.runSync(() => Promise.resolve(1));
      // @ts-expect-error nobody would await it if there is one
      void mux.run((batch) => (batch.length > 1 ? Promise.resolve() : undefined));
      // @ts-expect-error nobody would await it
      mux.onClose(async () => Promise.resolve());
    });
  });
});

describe('results', () => {
  test('a batch can be read, not written', () => {
    uses.push((mux: Multiplexer<number>) => {
      const batch = mux.waitSync(0);
      expectTypeOf(batch).toEqualTypeOf<readonly Registration<number>[]>();
      // @ts-expect-error it belongs to the multiplexer
      batch.length = 0;
      expectTypeOf(mux.wait()).resolves.toEqualTypeOf<readonly Registration<number>[]>();
    });
  });

  test('what select cannot report is undefined', () => {
    expectTypeOf<Registration['isError']>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<Registration['isReadable']>().toEqualTypeOf<boolean>();
  });

  test('events are immutable', () => {
    uses.push((ep: Epoll) => {
      const [event] = ep.waitSync(0);
      expectTypeOf(event).toEqualTypeOf<EpollEvent | undefined>();
      // @ts-expect-error it is shared between waits
      if (event !== undefined) event.events = 0;
    });
  });

  test('select returns the very types that were passed in', () => {
    uses.push((select: typeof selectSync, socket: { fd: number; name: string }, fd: number) => {
      const { readable, writable } = select([socket], [fd], []);
      expectTypeOf(readable).toEqualTypeOf<{ fd: number; name: string }[]>();
      expectTypeOf(writable).toEqualTypeOf<number[]>();
    });
  });

  test('an fd is a number or an object that has one', () => {
    expectTypeOf<number>().toExtend<FdLike>();
    expectTypeOf<{ fd: number; close(): void }>().toExtend<FdLike>();
    expectTypeOf<string>().not.toExtend<FdLike>();
    expectTypeOf<{ fd: string }>().not.toExtend<FdLike>();
  });
});
