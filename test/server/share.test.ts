import { expect, test } from 'vitest';
import { share } from '../../src/server/share.js';

test('an array is shared once, however the kinds of readers alternate', () => {
  const kinds = Array.from({ length: 5 }, (_, index) => Buffer.from(`for readers of kind ${index}`));
  const first = kinds.map(share);
  for (let round = 0; round < 100; round += 1) expect(kinds.map(share)).toEqual(first);
  kinds.forEach((bytes, index) => {
    expect(share(bytes)).toBe(first[index]);
    expect(share(bytes).bytes.equals(bytes)).toBe(true);
  });
});

test('equal bytes in two arrays are two', () => {
  expect(share(Buffer.from('same'))).not.toBe(share(Buffer.from('same')));
});

test('few arrays are remembered', () => {
  const early = Buffer.from('early');
  const shared = share(early);
  for (let index = 0; index < 100; index += 1) share(Buffer.from(`${index}`));
  expect(share(early)).not.toBe(shared);
});

test('the bytes of a message are not copied again', () => {
  const bytes = Buffer.from('made for all readers of a kind');
  expect(share(bytes).bytes).toBe(bytes);
});
