import { describe, expect, it } from 'vitest';
import { runChild } from './children/run.js';
import { clean, testEnvironmentEndings } from './environment-endings.js';

testEnvironmentEndings(4);

describe('the addon', () => {
  it('makes every call, in the main thread and in a worker, and leaves nothing behind', () => {
    expect(runChild('every-call.cjs')).toEqual({ ...clean, stdout: '' });
  });
});
