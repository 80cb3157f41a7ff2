import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { categoriesOf } from '../../site/api/categories.js';
import { MODULES } from '../../site/api/convert.js';
import { projectPath } from '../support/processes.js';

test('a name belongs to the category whose comment is the last above it', () => {
  const source = `/** The door. */
// One
export { a, b as c } from './a.js';
export type { D } from './d.js';

// Two: more
export { e } from './e.js'; // not a category
export { f } from './f.js';
`;
  expect([...categoriesOf(source)]).toEqual([
    ['One', ['a', 'c', 'D']],
    ['Two: more', ['e', 'f']],
  ]);
});

test.each(Object.values(MODULES))('every name that %s exports has a category', (file) => {
  const source = readFileSync(projectPath(file), 'utf8');
  const named = [...categoriesOf(source).values()].flat();
  const exported = source
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    .split(/[{}]/)
    .filter((_, index) => index % 2 === 1)
    .flatMap((list) => list.split(',').map((name) => name.replace(/\btype\b|.* as /g, '').trim()))
    .filter((name) => name !== '');
  expect(new Set(named)).toEqual(new Set(exported));
});
