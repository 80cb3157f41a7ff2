import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeldPacks } from '../../src/log/held-packs.js';

const [ONE, OTHER] = ['r:#one', 'r:#other'] as const;

const packOf = (seq: number, size = 1) => {
  return { seq, mark: `m${seq}`, before: `m${seq - 1}`, bytes: new Uint8Array(size) };
};
const seqsOf = (packs: readonly { readonly seq: number }[]): number[] => packs.map(({ seq }) => seq);

test('packs are held by their logs, each once', () => {
  const held = new HeldPacks();
  for (const seq of [4, 5, 6, 5, 6]) held.add(ONE, packOf(seq));
  held.add(OTHER, packOf(9));
  expect(held.after(ONE, 4)).toMatchObject([
    { seq: 5, mark: 'm5', before: 'm4' },
    { seq: 6, mark: 'm6', before: 'm5' },
  ]);
  expect(seqsOf(held.after(OTHER, 0))).toEqual([9]);
  expect(held.after('d', 0)).toEqual([]);
});

test('packs that have grown too old are let go of', () => {
  const held = new HeldPacks({ maxMs: 60_000 });
  held.age(1_000);
  held.add(ONE, packOf(1));
  held.age(31_000);
  held.add(ONE, packOf(2));
  held.age(61_000);
  expect(seqsOf(held.after(ONE, 0))).toEqual([1, 2]);
  held.age(61_001);
  expect(seqsOf(held.after(ONE, 0))).toEqual([2]);
  held.age(1_000_000);
  expect(held.after(ONE, 0)).toEqual([]);
  expect(held.bytes).toBe(0);
});

test('what is held has a bound over all logs, and the oldest packs go first', () => {
  const held = new HeldPacks({ maxBytes: 10_000 });
  held.add(ONE, packOf(1, 4_000));
  for (let seq = 1; seq <= 100; seq += 1) held.add(OTHER, packOf(seq, 900));
  expect(held.after(ONE, 0)).toEqual([]);
  expect(seqsOf(held.after(OTHER, 0))).toEqual([95, 96, 97, 98, 99, 100]);
  expect(held.bytes).toBeLessThanOrEqual(10_000);
  held.add(ONE, packOf(2, 50_000));
  expect(held.bytes).toBe(0);
});

test('a small part of what was read at once does not keep the whole of it', () => {
  const held = new HeldPacks();
  held.add(ONE, { ...packOf(1), bytes: new Uint8Array(65_536).subarray(100, 110).fill(7) });
  const [{ bytes } = { bytes: new Uint8Array() }] = held.after(ONE, 0);
  expect([...bytes]).toEqual(Array<number>(10).fill(7));
  expect(bytes.buffer.byteLength).toBe(10);
});

test('what has been given away is held no more, and other packs may have the numbers', () => {
  const held = new HeldPacks();
  for (const seq of [1, 2, 3]) held.add(ONE, packOf(seq));
  expect(seqsOf(held.take(ONE, 1))).toEqual([2, 3]);
  held.add(ONE, { ...packOf(2), mark: 'another' });
  expect(held.after(ONE, 0)).toMatchObject([{ mark: 'm1' }, { mark: 'another' }]);
});

/** What the packs should be that are held: a plain list. */
class Model {
  #packs: { readonly log: string; readonly seq: number; readonly atMs: number }[] = [];

  add(log: string, seq: number, atMs: number): void {
    this.#packs.push({ log, seq, atMs });
  }

  age(nowMs: number, maxMs: number): void {
    this.#packs = this.#packs.filter(({ atMs }) => atMs >= nowMs - maxMs);
  }

  take(log: string, after: number): number[] {
    const taken = this.after(log, after);
    this.#packs = this.#packs.filter((pack) => pack.log !== log || pack.seq <= after);
    return taken;
  }

  after(log: string, seq: number): number[] {
    return this.#packs.filter((pack) => pack.log === log && pack.seq > seq).map((pack) => pack.seq);
  }
}

test('whatever is added, taken and grows old, the packs of the last while are held', () => {
  const step = fc.record({
    log: fc.constantFrom(ONE, OTHER),
    what: fc.constantFrom('add', 'add', 'add', 'age', 'take'),
    by: fc.nat({ max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1_000, size: 'max' }), (steps) => {
      const [held, model] = [new HeldPacks({ maxMs: 100 }), new Model()];
      const tops = { [ONE]: 0, [OTHER]: 0 };
      let nowMs = 0;
      for (const { log, what, by } of steps) {
        if (what === 'add') {
          tops[log] += 1;
          held.add(log, packOf(tops[log]));
          model.add(log, tops[log], nowMs);
        } else if (what === 'age') {
          nowMs += by;
          held.age(nowMs);
          model.age(nowMs, 100);
        } else {
          tops[log] = Math.max(0, tops[log] - by);
          expect(seqsOf(held.take(log, tops[log]))).toEqual(model.take(log, tops[log]));
        }
        expect(held.bytes % 601).toBe(0);
      }
      for (const log of [ONE, OTHER]) expect(seqsOf(held.after(log, 0))).toEqual(model.after(log, 0));
    }),
    { numRuns: 50 },
  );
});
