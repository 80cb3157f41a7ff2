import { expect, test } from 'vitest';
import { TurnList } from '../../src/net/turn-list.js';

const contents = ({ entries, length }: ReturnType<TurnList<string>['take']>) => entries.slice(0, length);

test('hands out what was put in, in its order, once', () => {
  const list = new TurnList<string>();
  list.push('a');
  list.push('b');
  expect(list.length).toBe(2);
  expect(contents(list.take())).toEqual(['a', 'b']);
  expect(list.length).toBe(0);
  list.release();
  expect(contents(list.take())).toEqual([]);
});

test('keeps what is put in while the former entries are gone through for the next time', () => {
  const list = new TurnList<string>();
  list.push('a');
  const former = list.take();
  list.push('b');
  expect(contents(former)).toEqual(['a']);
  list.release();
  expect(contents(list.take())).toEqual(['b']);
});

test('holds nothing that was released, nor what nobody released when it takes again', () => {
  const list = new TurnList<string>();
  for (let index = 0; index < 5000; index += 1) list.push('many');
  const many = list.take();
  list.release();
  expect(many.length).toBe(0);
  expect(many.entries).toHaveLength(0);
  list.push('forgotten');
  const forgotten = list.take();
  list.take();
  list.push('new');
  expect(contents(list.take())).toEqual(['new']);
  expect(forgotten.entries).not.toContain('forgotten');
});
