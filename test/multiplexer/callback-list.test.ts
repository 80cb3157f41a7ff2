import { describe, expect, test } from 'vitest';
import { CallbackList } from '../../src/multiplexer/callback-list.js';

function refuse(error: unknown): never {
  throw new Error('no callback was to fail', { cause: error });
}

describe('CallbackList', () => {
  test('calls in the order of adding, each with the argument', () => {
    const list = new CallbackList<number>();
    const seen: string[] = [];
    list.add((value) => seen.push(`first ${value}`));
    list.add((value) => seen.push(`second ${value}`));
    list.call(7, refuse);
    expect(seen).toEqual(['first 7', 'second 7']);
  });

  test('calls the others even if one throws', () => {
    const list = new CallbackList();
    const error = new Error('on purpose');
    let isCalled = false;
    const failures: unknown[] = [];
    list.add(() => {
      throw error;
    });
    list.add(() => {
      isCalled = true;
    });
    list.call(undefined, (failure) => failures.push(failure));
    expect(failures).toEqual([error]);
    expect(isCalled).toBe(true);
  });

  test('calls a callback that is added meanwhile only the next time', () => {
    const list = new CallbackList();
    const seen: string[] = [];
    const takeBack = list.add(() => {
      seen.push('first');
      list.add(() => seen.push('second'));
    });
    list.call(undefined, refuse);
    expect(seen).toEqual(['first']);
    takeBack();
    list.call(undefined, refuse);
    expect(seen).toEqual(['first', 'second']);
  });

  test('calls a callback that an earlier one removes one last time', () => {
    const list = new CallbackList();
    const seen: string[] = [];
    list.add(() => {
      seen.push('first');
      takeBack();
    });
    const takeBack = list.add(() => seen.push('second'));
    list.call(undefined, refuse);
    list.call(undefined, refuse);
    expect(seen).toEqual(['first', 'second', 'first']);
  });
});
