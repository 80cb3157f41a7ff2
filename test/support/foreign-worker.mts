/** The process of `foreign-pool.mts`: it runs test files in the runtime that started it. */
import { init, runBaseTests, setupEnvironment } from 'vitest/worker';
import { fromWire, toWire } from './wire.mjs';

const send = process.send?.bind(process);
if (send === undefined) throw new Error('only foreign-pool.mts starts this');

// Under an emulator this is a program that the kernel cannot start; the tests start processes by it.
const starter = process.env['FDMUX_TEST_PROGRAM'];
if (starter !== undefined) process.execPath = starter;

const exit = process.exit.bind(process);
const run = async (...args: Parameters<typeof runBaseTests>): Promise<void> => {
  try {
    await runBaseTests(...args);
  } finally {
    process.exit = exit; // A test file gets one that throws.
  }
};

init({
  post: (message: unknown) => send(message),
  on: (callback: (message: unknown) => void) => process.on('message', callback),
  off: (callback: (message: unknown) => void) => process.off('message', callback),
  serialize: toWire,
  deserialize: (message: unknown) => fromWire(String(message)),
  teardown: () => process.removeAllListeners('message'),
  runTests: (state, traces) => run('run', state, traces),
  collectTests: (state, traces) => run('collect', state, traces),
  setup: setupEnvironment,
});
