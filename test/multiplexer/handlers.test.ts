/** Which handlers are accepted, and in which async context they run. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { keepsContexts } from '../../src/multiplexer/handler.js';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import { errorOf, fill, useFds } from '../native/fds.js';
import { catchUncaught } from '../support/connections.js';
import { within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { callUntyped } from '../support/untyped.js';
import { LEVEL_VARIANTS, open } from './variants.js';

const fds = useFds();
const storage = new AsyncLocalStorage<string>();

describe.each(LEVEL_VARIANTS)('the async context of a handler on $name', (variant) => {
  test('is the one in which the handler was passed, in every form of wait', async () => {
    const mux = open(variant);
    const seen = new Set<string>();
    const see = (who: string) => seen.add(`${who} in ${storage.getStore()}`);
    for (const name of ['a', 'b']) {
      const [reader, writer] = fds.pipe();
      storage.run(name, () => {
        mux.register(reader, { interest: 'read', onReady: () => see(name) });
        mux.onTurnEnd(() => see(`${name}'s turn end`));
        mux.onClose(() => see(`${name}'s close`));
      });
      fill(writer, 'x');
    }
    storage.run('the waiter', () => mux.waitSync(0));
    const expected = ['a in a', 'b in b', "a's turn end in a", "b's turn end in b"];
    expect([...seen].toSorted()).toEqual(expected.toSorted());
    seen.clear();
    const controller = new AbortController();
    const { signal } = controller;
    const [reader, writer] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    fill(writer, 'x');
    const ended = storage.run('the runner', () =>
      mux.run(
        () => {
          see('the runner');
          controller.abort();
        },
        { signal },
      ),
    );
    expect(await within(ended, 'the end of the loop')).toBe('aborted');
    expect([...seen].toSorted()).toEqual(['the runner in the runner', ...expected].toSorted());
    seen.clear();
    storage.run('the closer', () => mux.close());
    expect([...seen]).toEqual(["a's close in a", "b's close in b"]);
  });
});

describe('options that several registrations have in common', () => {
  test('give each handler the async context of its own call', () => {
    const mux = disposedAtEnd(new Multiplexer<undefined>());
    const seen: unknown[] = [];
    const options = { interest: 'read', data: undefined, onReady: () => seen.push(storage.getStore()) } as const;
    for (const name of ['a', 'b']) {
      const [reader, writer] = fds.pipe();
      storage.run(name, () => mux.register(reader, options));
      fill(writer, 'x');
    }
    mux.waitSync(0);
    expect(seen.toSorted()).toEqual(['a', 'b']);
  });

  test('are checked again for another backend', { tags: ['needs-epoll'] }, () => {
    const mux = disposedAtEnd(new Multiplexer<undefined>({ backend: 'epoll' }));
    const onReady = keepsContexts(() => undefined);
    const options = { interest: 'read', trigger: 'edge', data: undefined, onReady } as const;
    const [reader] = fds.pipe();
    mux.register(reader, options).unregister();
    mux.switchBackend('poll');
    expect(errorOf(() => mux.register(reader, options))).toMatchObject({ code: 'ERR_UNSUPPORTED_TRIGGER' });
  });
});

describe.each(LEVEL_VARIANTS)('a handler that is not synchronous, on $name', (variant) => {
  const asyncHandler = async () => Promise.resolve();
  const returnsPromise = () => Promise.resolve();

  test('is refused if it is an async function', async () => {
    const mux = open(variant);
    const [reader] = fds.pipe();
    const message: unknown = expect.stringContaining('not async');
    const refusal = { code: 'ERR_INVALID_ARG_TYPE', message };
    await expect(callUntyped(mux, 'run', asyncHandler)).rejects.toMatchObject(refusal);
    expect(errorOf(() => callUntyped(mux, 'runSync', asyncHandler))).toMatchObject(refusal);
    for (const name of ['onTurnEnd', 'onClose', 'onError']) {
      expect(errorOf(() => callUntyped(mux, name, asyncHandler))).toMatchObject(refusal);
    }
    const options = { interest: 'read', onReady: asyncHandler };
    expect(errorOf(() => callUntyped(mux, 'register', reader, options))).toMatchObject(refusal);
    expect(mux.size).toBe(0);
  });

  test('ends a loop as soon as it has returned a promise', async () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    fill(writer, 'x');
    let calls = 0;
    const handler = () => {
      calls += 1;
      return returnsPromise();
    };
    await expect(within(Promise.resolve(callUntyped(mux, 'run', handler)), 'the end')).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
    expect(errorOf(() => callUntyped(mux, 'runSync', handler))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(calls).toBe(2);
    expect([...mux.waitSync(0)]).toHaveLength(1);
  });

  test('reports the promise of an onReady as an error of that handler', async () => {
    const caught = catchUncaught();
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    mux.register(reader, { interest: 'read', onReady: () => void calls.push(returnsPromise) });
    const calls: unknown[] = [];
    const [other, otherWriter] = fds.pipe();
    const options = { interest: 'read', onReady: returnsPromise };
    callUntyped(mux, 'register', other, options);
    fill(writer, 'x');
    fill(otherWriter, 'x');
    mux.waitSync(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toHaveLength(1);
    expect(caught).toMatchObject([{ code: 'ERR_INVALID_ARG_TYPE' }]);
  });
});
