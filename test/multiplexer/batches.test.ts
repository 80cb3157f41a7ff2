/** The async iterator of batches. */
import { describe, expect, test } from 'vitest';
import { fill, useFds } from '../native/fds.js';
import { within } from '../support/deadline.js';
import { LEVEL_VARIANTS, open } from './variants.js';

const fds = useFds();

describe.each(LEVEL_VARIANTS)('an iteration on $name', (variant) => {
  test('ends with return, which also ends the waiting next and frees the multiplexer', async () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    const iterator = mux[Symbol.asyncIterator]();
    const pending = iterator.next();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await within(iterator.return(undefined), 'the return')).toEqual({ done: true, value: undefined });
    expect(await within(pending, 'the next')).toEqual({ done: true, value: undefined });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    fill(writer, 'x');
    expect(mux.waitSync(0)).toHaveLength(1);
  });

  test('ends with throw and its error, which also ends the waiting next', async () => {
    const mux = open(variant);
    const [reader] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    const iterator = mux.batches();
    const pending = iterator.next();
    await expect(within(iterator.throw(new Error('enough')), 'the throw')).rejects.toThrow('enough');
    expect(await within(pending, 'the next')).toMatchObject({ done: true });
    expect(mux.waitSync(0)).toHaveLength(0);
  });

  test('yields one batch for each of several calls of next, in their order', async () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    fill(writer, 'x');
    await using iterator = mux.batches();
    const several = [iterator.next(), iterator.next(), iterator.next()];
    for (const result of await within(Promise.all(several), 'three batches')) {
      expect(result.value).toMatchObject([{ fd: reader }]);
    }
  });

  test('ends all calls of next that wait when return is called', async () => {
    const mux = open(variant);
    const [reader] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    const iterator = mux.batches();
    const several = [iterator.next(), iterator.next()];
    await iterator.return(undefined);
    expect(await within(Promise.all(several), 'both')).toMatchObject([{ done: true }, { done: true }]);
  });

  test('that finds another wait under way leaves it alone when it ends', async () => {
    const mux = open(variant);
    const [reader, writer] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    const wait = mux.wait();
    const iterator = mux.batches();
    const next = iterator.next();
    await iterator.return(undefined);
    await expect(within(next, 'the next')).rejects.toMatchObject({ code: 'ERR_BUSY' });
    fill(writer, 'x');
    expect(await within(wait, 'the wait')).toHaveLength(1);
  });
});
