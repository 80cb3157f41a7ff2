import { expect, test } from 'vitest';
import { GoneNodes } from '../../src/chat/gone-nodes.js';

test('of each node that is gone the last incarnation is known', () => {
  const gone = new GoneNodes();
  expect(gone.add('a.3')).toBe(true);
  expect(gone.add('a.2')).toBe(false);
  expect(gone.add('a.5')).toBe(true);
  expect(gone.nodes()).toEqual(['a.5']);
  expect([gone.hasSession('a.5.1'), gone.hasSession('a.6.1')]).toEqual([true, false]);
});

test('of nodes whose names are always new, the latest are known, and a copy knows the same', () => {
  const gone = new GoneNodes();
  for (let count = 1; count <= 1000; count += 1) gone.add(`n${count}.1`);
  gone.add('n1.2');
  const copy = new GoneNodes();
  copy.restore(gone.nodes());
  for (const each of [gone, copy]) {
    each.add('new.1');
    expect(each.nodes()).toHaveLength(1000);
    expect([each.has('n1.2'), each.has('n2.1'), each.has('n3.1')]).toEqual([true, false, true]);
  }
  expect(copy.nodes()).toEqual(gone.nodes());
});
