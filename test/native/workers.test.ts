import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ADDON = process.env['FDMUX_BINARY'] ?? join(__dirname, '../../build/Release/fdmux.node');
const CHILD = join(__dirname, 'children/waits-under-way.cjs');
/** FDMUX_STRESS=200 is the figure to trust; the default keeps the suite quick. */
const WORKERS = process.env['FDMUX_STRESS'] ?? '20';

function run(...args: string[]) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [CHILD, ADDON, ...args], {
    encoding: 'utf8',
    timeout: 300_000,
  });
  return { status, signal, stdout, stderr };
}

const clean = { status: 0, signal: null, stdout: 'clean\n', stderr: '' };

describe.each([
  ['a loop watch', 'watch'],
  ['a wait thread', 'thread'],
])('%s under way', (_, kind) => {
  it.each([
    ['worker.terminate()', 'terminate'],
    ['process.exit() in the worker', 'exit'],
    ['the natural end of the worker', 'natural'],
  ])(`survives %s, ${WORKERS} times`, { timeout: 300_000 }, (_, ending) => {
    expect(run(kind, ending, WORKERS)).toEqual(clean);
  });

  it('survives process.exit() in the main thread, with 10 workers waiting', () => {
    expect(run(kind, 'main-exit', '10')).toEqual(clean);
  });
});
