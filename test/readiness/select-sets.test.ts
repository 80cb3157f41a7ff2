import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { POLLIN, POLLOUT, POLLPRI } from '../../src/readiness/constants.js';
import { SelectSets } from '../../src/readiness/select-sets.js';
import { errorOf, fill, useFds } from '../native/fds.js';

const fds = useFds();

describe('the sets of select', () => {
  test('are what has been set last for each fd, whatever the order of changes', () => {
    const change = fc.record({
      fd: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 0, max: 5_000 })),
      events: fc.constantFrom(0, POLLIN, POLLOUT, POLLIN | POLLOUT, POLLIN | POLLOUT | POLLPRI),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const sets = new SelectSets();
        const expected = new Map<number, number>();
        for (const { fd, events } of changes) {
          sets.set(fd, events);
          expected.set(fd, events);
        }
        const asked = (event: number) =>
          [...expected]
            .filter(([, events]) => (events & event) !== 0)
            .map(([fd]) => fd)
            .sort((one, other) => one - other);
        const [read, write, except] = [asked(POLLIN), asked(POLLOUT), asked(POLLPRI)];
        const list = sets.list();
        expect([...list.fds]).toEqual([...read, ...write, ...except]);
        expect(list.counts).toEqual([read.length, write.length, except.length]);
      }),
    );
  });

  test('find what is ready after each change, and nothing that was taken out', () => {
    const sets = new SelectSets();
    const [reader, writer] = fds.pipe();
    fill(writer, 'x');
    sets.set(reader, POLLIN);
    sets.set(writer, POLLOUT | POLLPRI);
    expect(sets.select(0, true, null)).toBe(2);
    const [low, high] = [Math.min(reader, writer), Math.max(reader, writer)];
    expect(sets.nextReady(0)).toBe(low);
    expect(sets.nextReady(low + 1)).toBe(high);
    expect(sets.nextReady(high + 1)).toBe(-1);
    expect([sets.readyEvents(reader), sets.readyEvents(writer)]).toEqual([POLLIN, POLLOUT]);
    sets.set(writer, 0);
    expect(sets.select(0, true, null)).toBe(1);
    sets.set(reader, 0);
    expect(sets.select(0, true, null)).toBe(0);
    expect(sets.nextReady(0)).toBe(-1);
  });

  test('name an fd that is not open', () => {
    const sets = new SelectSets();
    const [reader] = fds.pipe();
    sets.set(reader, POLLIN);
    sets.set(200, POLLIN);
    expect(errorOf(() => sets.select(0, true, null))).toMatchObject({ code: 'EBADF', fd: 200 });
    sets.set(200, 0);
    expect(sets.select(0, true, null)).toBe(0);
  });
});
