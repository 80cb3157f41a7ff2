import { inspect } from 'node:util';
import { expect, test } from 'vitest';

import { summary } from '../src/inspect.js';

class Shown {
  [inspect.custom](depth: number, options: object): string {
    return summary('Shown', { fd: 5, name: 'x' }, depth, options);
  }
}

test('an object shows its class and its fields', () => {
  expect(inspect(new Shown())).toBe("Shown { fd: 5, name: 'x' }");
});

test('an object deep inside others shows its class alone', () => {
  expect(inspect({ a: { b: { c: new Shown() } } }, { depth: 2 })).toContain('[Shown]');
});
