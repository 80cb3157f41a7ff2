import { expect, test, vi } from 'vitest';
import { putUnderLoad } from '../../bench/support/generator.js';
import { Progress } from '../../bench/support/progress.js';
import { startServer } from '../../bench/support/server.js';
import { takeTurns } from '../../bench/support/turns.js';

/** The bench with a peer that fails. */

const PEERS = [{ name: 'steady' }, { name: 'shaky' }];

/** Lets `shaky` fail the given times, counted from 1. */
async function turns(failing: readonly number[], rounds: number) {
  vi.spyOn(console, 'log').mockReturnValue();
  const asked: string[] = [];
  let times = 0;
  const measure = async ({ name }: { readonly name: string }) => {
    asked.push(name);
    if (name === 'shaky' && failing.includes((times += 1))) throw new Error(`failure ${times}`);
    return await Promise.resolve(name.length);
  };
  const outcome = await takeTurns(PEERS, rounds, new Progress(rounds * PEERS.length), measure, String);
  vi.restoreAllMocks();
  return { ...outcome, asked };
}

test('a peer that fails once is tried again, and its second try counts', async () => {
  expect(await turns([1], 1)).toEqual({
    runs: { steady: [6], shaky: [5] },
    failures: {},
    asked: ['steady', 'shaky', 'shaky'],
  });
});

test('a peer that fails twice in a row has failed, keeps its runs, and is asked no more', async () => {
  expect(await turns([2, 3], 3)).toEqual({
    runs: { steady: [6, 6, 6], shaky: [5] },
    failures: { shaky: 'failure 3' },
    asked: ['steady', 'shaky', 'shaky', 'shaky', 'steady', 'steady'],
  });
});

test('every other round goes backwards', async () => {
  const { asked } = await turns([], 2);
  expect(asked).toEqual(['steady', 'shaky', 'shaky', 'steady']);
});

test.each([
  ['exit 7', 'exit code 7'],
  ['kill -SEGV $$', 'signal SIGSEGV'],
])('a server that does not start is reported with its ending and its last words: %s', async (end, ending) => {
  const start = startServer(['sh', '-c', `echo first >&2; echo last words >&2; ${end}`]);
  await expect(start).rejects.toThrow(`${ending}, stderr ends with 'first / last words'`);
});

test('a server that ends under load is reported with its ending, and the load generator with its own', async () => {
  const server = await startServer(['sh', '-c', 'echo port 1; sleep 0.1; echo out of luck >&2; kill -ABRT $$']);
  const load = [
    'sh',
    '-c',
    `echo start; while kill -0 ${server.pid} 2>/dev/null; do :; done; echo lost it >&2; exit 3`,
  ];
  const outcome = putUnderLoad(server, load, { seconds: 1, hasCounters: false });
  await expect(outcome).rejects.toThrow(
    "server: signal SIGABRT, stderr ends with 'out of luck'; load generator: exit code 3, stderr ends with 'lost it'",
  );
  await server.stop();
});
