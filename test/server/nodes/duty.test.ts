import { expect, test } from 'vitest';
import { Duty } from '../../../src/server/nodes/duty.js';

const SHELVES = Array.from({ length: 300 }, (_, index) => `r:#room${index}`);

test('of the nodes that live, one writes the lines of a shelf, and each about as many', () => {
  const living = ['n3.1', 'n1.7', 'n2.2'];
  const duties = living.map((own, index) => {
    const duty = new Duty();
    // They may hear of each other in another order.
    duty.know(own, [...living.slice(index), ...living.slice(0, index)]);
    return duty;
  });
  const counts = duties.map(({ isOthers }) => SHELVES.filter((shelf) => !isOthers(shelf)).length);
  for (const shelf of SHELVES) expect(duties.filter(({ isOthers }) => !isOthers(shelf))).toHaveLength(1);
  for (const count of counts) expect(count).toBeGreaterThan(60);
});

test('a node that is alone, that knows of nobody, or that the others do not know of, writes all', () => {
  const duty = new Duty();
  const count = (): number => SHELVES.filter((shelf) => duty.isOthers(shelf)).length;
  expect(count()).toBe(0);
  duty.know('n1.1', ['n1.1']);
  expect(count()).toBe(0);
  duty.know('n1.1', ['n2.1', 'n3.1']);
  expect(count()).toBe(0);
  duty.know('n1.1', ['n1.1', 'n2.1']);
  expect(count()).toBeGreaterThan(0);
});

test('every node writes the private messages of an account at once', () => {
  const duties = ['n1.1', 'n2.1'].map((own) => {
    const duty = new Duty();
    duty.know(own, ['n1.1', 'n2.1']);
    return duty;
  });
  const shelves = Array.from({ length: 20 }, (_, index) => `a:person${index}`);
  for (const { isOthers } of duties) expect(shelves.filter((shelf) => isOthers(shelf))).toEqual([]);
});
