/**
 * select(2), with the assertions of CPython's test_select.py (Lib/test/test_select.py) in this API.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { Poll } from '../../src/readiness/poll.js';
import { select, selectSync } from '../../src/readiness/select.js';
import { errorOf, fill, useFds } from '../native/fds.js';
import { within } from '../support/deadline.js';
import { callUntyped } from '../support/untyped.js';

const fds = useFds();

const call = (...args: unknown[]): unknown => callUntyped({ selectSync }, 'selectSync', ...args);

test('anything but lists of fds and a timeout is refused', () => {
  for (const bad of [1, null, undefined, {}, () => [], 'abc']) {
    expect(errorOf(() => call(bad, [], []))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(errorOf(() => call([], bad, []))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(errorOf(() => call([], [], bad))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  }
  for (const bad of [{}, { fd: '1' }, { fd: () => 1 }, '1', null]) {
    expect(errorOf(() => call([bad], [], []))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  }
  expect(errorOf(() => call([], [], [], 'not a number'))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(errorOf(() => call([], [], [], -1))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});

test('the fd of a closed file is EBADF', () => {
  const fd = openSync(__filename, 'r');
  closeSync(fd);
  for (const use of [
    () => selectSync([fd], [], [], 0),
    () => selectSync([], [fd], [], 0),
    () => selectSync([], [], [fd], 0),
  ]) {
    expect(errorOf(use)).toMatchObject({ code: 'EBADF', errno: -9, syscall: 'select' });
  }
});

test('the three results are separate arrays', () => {
  const { readable, writable, exceptional } = selectSync([], [], [], 0);
  expect(new Set([readable, writable, exceptional]).size).toBe(3);
});

test(
  'the lines of a child process arrive during ever longer timeouts, and its end is readable',
  { tags: ['needs-signals'] },
  () => {
    const [reader, writer] = native.pipe(true);
    fds.track(reader);
    const child = spawn('/bin/sh', ['-c', 'for i in 0 1 2 3 4 5 6 7 8 9; do echo testing...; sleep 0.02; done'], {
      stdio: ['ignore', writer, 'ignore'],
    });
    native.close(writer);
    const buffer = Buffer.alloc(4096);
    let text = '';
    for (const timeout of [0, 1000, 2000, 4000, 8000, 16_000, ...Array<null>(100).fill(null)]) {
      const { readable, writable, exceptional } = selectSync([reader], [], [], timeout);
      expect(writable).toEqual([]);
      expect(exceptional).toEqual([]);
      if (readable.length === 0) continue;
      const count = native.read(reader, buffer, 0, buffer.length);
      if (count === 0) break;
      text += buffer.toString('latin1', 0, count);
    }
    expect(text).toBe('testing...\n'.repeat(10));
    child.unref();
  },
);

test('of a list that shrinks while it is read, the part that was read counts', () => {
  const [, writer] = fds.pipe();
  const list: { readonly fd: number }[] = [];
  for (let index = 0; index < 10; index += 1) {
    list.push({
      get fd() {
        list.pop();
        return writer;
      },
    });
  }
  const seen = list.slice(0, 5);
  const { writable } = selectSync([], list, [], 0);
  expect(writable).toHaveLength(5);
  expect(writable.every((item, index) => item === seen[index])).toBe(true);
});

test('a list that changes after it was read counts as it was read, and no fd is returned that is not ready', async () => {
  const [reader, writer] = fds.pipe();
  const [silent] = fds.pipe();
  native.write(writer, Buffer.from('x'), 0, 1);
  const exchange = (list: number[]): void => {
    list.reverse();
  };
  let list = [reader, silent];
  const later = {
    get fd() {
      exchange(list);
      return writer;
    },
  };
  expect(selectSync(list, [later], [], 0)).toEqual({ readable: [reader], writable: [later], exceptional: [] });

  list = [reader, silent];
  const options = {
    get onSignal() {
      exchange(list);
      return 'return' as const;
    },
  };
  expect(selectSync(list, [], [], 0, options).readable).toEqual([reader]);

  list = [reader, silent];
  const result = select(list, [], [], 1000);
  exchange(list);
  expect((await within(result, 'the result')).readable).toEqual([reader]);
});

test('an array with its own iterator is read through that, once', () => {
  const [reader, writer] = fds.pipe();
  native.write(writer, Buffer.from('x'), 0, 1);
  let walks = 0;
  const list = Object.assign([-1], {
    *[Symbol.iterator]() {
      walks += 1;
      yield reader;
      yield reader;
    },
  });
  expect(selectSync(list, [], [], 0).readable).toEqual([reader, reader]);
  expect(walks).toBe(1);
});

test('Poll without new is a TypeError', () => {
  expect(() => callUntyped({ Poll }, 'Poll')).toThrow(TypeError);
});

test('the results hold the items that were passed in, in their order, repetitions kept', () => {
  const [reader, writer] = fds.pipe();
  const [other] = fds.pipe();
  fill(writer, 'x');
  const object = { fd: reader };
  const { readable, writable, exceptional } = selectSync([object, other, reader, object], [writer], [writer], 0);
  expect(readable).toEqual([object, reader, object]);
  expect(readable[0]).toBe(object);
  expect(writable).toEqual([writer]);
  expect(exceptional).toEqual([]);
});

test('one fd may be in all three sets', () => {
  const [a, b] = fds.socketPair();
  fill(b, 'x');
  expect(selectSync([a], [a], [a], 0)).toEqual({ readable: [a], writable: [a], exceptional: [] });
});

test('any iterable is accepted', () => {
  const [, writer] = fds.pipe();
  expect(selectSync(new Set<number>(), new Set([writer]), new Map<number, number>().keys(), 0).writable).toEqual([
    writer,
  ]);
});

test('select() returns the same while the event loop goes on', async () => {
  const [reader, writer] = fds.pipe();
  const waiting = select([reader], [], []);
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
    if (turns === 3) fill(writer, 'x');
  }, 1);
  expect(await within(waiting, 'select')).toEqual({ readable: [reader], writable: [], exceptional: [] });
  clearInterval(timer);
  expect(turns).toBeGreaterThanOrEqual(3);
});

test('select() rejects with EBADF, with argument errors, and when it is aborted', async () => {
  const [reader] = fds.pipe();
  await expect(select([fds.closedFd()], [], [])).rejects.toMatchObject({ code: 'EBADF' });
  await expect(select([reader], [], [], -1)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  const controller = new AbortController();
  const waiting = select([reader], [], [], null, { signal: controller.signal });
  controller.abort('enough');
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
  await expect(select([reader], [], [], 0, { signal: controller.signal })).rejects.toMatchObject({ code: 'ABORT_ERR' });
});

test('select() is empty when its time is up, not earlier', async () => {
  const [reader] = fds.pipe();
  const start = performance.now();
  expect(await select([reader], [], [], 30.5)).toEqual({ readable: [], writable: [], exceptional: [] });
  expect(performance.now() - start).toBeGreaterThanOrEqual(30.5);
});

test('many select() calls wait side by side', async () => {
  const pipes = Array.from({ length: 8 }, () => fds.pipe());
  const waiting = pipes.map(([reader]) => select([reader], [], []));
  for (const [, writer] of [...pipes].reverse()) fill(writer, 'x');
  const results = await within(Promise.all(waiting), 'eight selects');
  expect(results.map(({ readable }) => readable)).toEqual(pipes.map(([reader]) => [reader]));
});
