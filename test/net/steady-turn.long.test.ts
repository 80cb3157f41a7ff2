/** What steady turns of the socket layer leave to the garbage collector. */
import { describe, expect, test } from 'vitest';
import { packagePath, run } from '../support/processes.js';
import { hasLoopWatch } from '../support/runtime.js';

const MESSAGES = 10_000_000;
/** Less than any object: what is left comes from the event loop, which goes round every other millisecond. */
const MAX_BYTES_PER_MESSAGE = 8;
const DEADLINE_MS = 1_200_000;

/** Two connections send the same bytes to and fro. Each message is a turn, which receives it and sends it on. */
const program = `
  const { connect, listen } = require('fdmux');
  let turns = 0;
  const returning = {
    data: (connection, bytes) => {
      turns += 1;
      if (turns === 100_000) {
        gc();
        console.log('warm');
      }
      if (turns < 100_000 + ${MESSAGES}) connection.write(bytes);
      else {
        gc();
        console.log('done');
        process.exit();
      }
    },
  };
  void (async () => {
    const { address } = await listen({ port: 0, backend: 'epoll', socket: returning });
    const connection = await connect({ port: address.port, backend: 'epoll', socket: returning });
    connection.write(Buffer.alloc(64, 'x'));
  })();
`;

describe.runIf(hasLoopWatch)('ten million messages', { tags: ['needs-uv-poll'] }, () => {
  test('leave the collector less than an object for each', { timeout: DEADLINE_MS }, async () => {
    const args = ['--trace-gc', '--expose-gc', '-e', program];
    const { stdout, ...ended } = await run(process.execPath, args, { cwd: packagePath(), deadlineMs: DEADLINE_MS });
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
    const [, steady = ''] = /^warm\n([^]*)^done$/m.exec(stdout) ?? [];
    // The last collection is the program's own, so there is one at least.
    const collections = [...steady.matchAll(/ ([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB/g)];
    expect(collections.length).toBeGreaterThan(0);
    const collectedMb = collections.reduce((sum, [, before, after]) => sum + Number(before) - Number(after), 0);
    expect((collectedMb * 2 ** 20) / MESSAGES).toBeLessThan(MAX_BYTES_PER_MESSAGE);
  });
});
