import { expect, test } from 'vitest';
import { fromWire, toWire } from './wire.mjs';

const there = (value: unknown): unknown => fromWire(toWire(value));

test.each([
  ['plain JSON', { a: [1, 'x', null, true], b: {} }],
  ['what JSON has no word for', [undefined, NaN, -Infinity, 12n]],
  ['maps and sets', new Map<unknown, unknown>([[{ key: 1 }, new Set([1, [2]])]])],
  ['dates and expressions', [new Date(5), /a\/b/giu]],
  ['a property that is undefined', { gone: undefined }],
])('%s arrive as they were', (_, value) => {
  expect(there(value)).toStrictEqual(value);
});

test('an object that contains itself arrives so, and one that is named twice is one', () => {
  const once = { name: 'x' };
  const all: unknown[] = [once, once];
  all.push(all);
  const arrived = there(all);
  if (!Array.isArray(arrived)) throw new Error('no array');
  expect(arrived[2]).toBe(arrived);
  expect(arrived[0]).toBe(arrived[1]);
});

test('an error keeps its message, its stack, its cause and its own properties', () => {
  const error = Object.assign(new TypeError('no', { cause: new Error('why') }), { code: 'ERR_NO' });
  const arrived = there(error);
  if (!(arrived instanceof Error)) throw new Error('no error');
  expect([arrived.name, arrived.message, arrived.stack]).toEqual(['TypeError', 'no', error.stack]);
  expect(arrived).toMatchObject({ code: 'ERR_NO', cause: { message: 'why' } });
});

test('a function arrives as undefined', () => {
  expect(there({ f: () => 1 })).toStrictEqual({ f: undefined });
});
