import { expect, test } from 'vitest';
import { Tenure } from '../../src/domains/tenure.js';

const home = { label: 'far', epoch: 'e', rooms: ['#a'] };

test('the first of two nodes that claim a free link holds it, and only the next claim takes it over', () => {
  const tenure = new Tenure();
  expect(tenure.apply(5, 'a.1', { kind: 'claim', after: 0 })).toBe(true);
  expect(tenure.apply(6, 'b.1', { kind: 'claim', after: 0 })).toBe(false);
  expect(tenure.tenant).toEqual({ node: 'a.1', term: 5 });
  expect(tenure.apply(7, 'b.1', { kind: 'claim', after: 5 })).toBe(true);
  expect(tenure.tenant).toEqual({ node: 'b.1', term: 7 });
});

test('a node that was replaced says nothing about the link any more', () => {
  const tenure = new Tenure();
  tenure.apply(5, 'a.1', { kind: 'claim', after: 0 });
  tenure.apply(6, 'a.1', { kind: 'held', term: 5, home });
  expect(tenure.home).toEqual(home);
  tenure.apply(7, 'b.1', { kind: 'claim', after: 5 });
  expect(tenure.home).toBeNull();
  tenure.apply(8, 'a.1', { kind: 'held', term: 5, home });
  tenure.apply(9, 'a.1', { kind: 'resign', term: 5 });
  expect([tenure.tenant.node, tenure.home]).toEqual(['b.1', null]);
});

test('a node that has begun to read after the claim learns of it when the holder says so again', () => {
  const tenure = new Tenure();
  expect(tenure.apply(90, 'a.1', { kind: 'held', term: 5, home })).toBe(true);
  expect([tenure.tenant, tenure.home]).toEqual([{ node: 'a.1', term: 5 }, home]);
  tenure.apply(91, 'a.1', { kind: 'resign', term: 5 });
  expect(tenure.tenant).toEqual({ node: null, term: 5 });
});
