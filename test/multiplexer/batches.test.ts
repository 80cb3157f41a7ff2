/** The async iterator of batches. */
import { describe, expect, test } from 'vitest';
import { fill, useFds } from '../native/fds.js';
import { within } from '../support/deadline.js';
import { LEVEL_VARIANTS, open } from './variants.js';

const fds = useFds();

describe.each(LEVEL_VARIANTS)('an iteration on $name', (variant) => {
  test('is ended by return, and so is the next that waits; the multiplexer is free then', async () => {
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

  test('is ended by throw, with its error, and so is the next that waits', async () => {
    const mux = open(variant);
    const [reader] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    const iterator = mux.batches();
    const pending = iterator.next();
    await expect(within(iterator.throw(new Error('enough')), 'the throw')).rejects.toThrow('enough');
    expect(await within(pending, 'the next')).toMatchObject({ done: true });
    expect(mux.waitSync(0)).toHaveLength(0);
  });

  test('gives one batch for each next, in their order, where several are asked for at once', async () => {
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

  test('of several that wait, return ends all', async () => {
    const mux = open(variant);
    const [reader] = fds.pipe();
    mux.register(reader, { interest: 'read' });
    const iterator = mux.batches();
    const several = [iterator.next(), iterator.next()];
    await iterator.return(undefined);
    expect(await within(Promise.all(several), 'both')).toMatchObject([{ done: true }, { done: true }]);
  });
});
