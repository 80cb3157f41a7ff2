import { describe, expect, test } from 'vitest';
import { runChild } from './children/run.js';

/** A sanitizer's own memory has no such limits. */
const isWatched = process.env['FDMUX_PRELOAD'] !== undefined;

describe.skipIf(isWatched)('without memory for its list', () => {
  test.for([
    ['select', 'malloc'] as const,
    ['waitThreadArmPoll', 'malloc'],
    ['waitThreadArmSelect', 'malloc'],
    ['helper', 'poll'],
  ])('%s fails, and the process goes on', ([name, syscall], { skip }) => {
    const child = runChild('little-memory.cjs', name);
    if (child.stdout === 'no prlimit\n') skip('prlimit(1) is missing');
    expect(child).toEqual({ status: 0, signal: null, stdout: `ENOMEM ${syscall}\n`, stderr: '' });
  });
});
