import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { until } from '../support/deadline.js';
import { projectPath, start } from '../support/processes.js';

/** How scripts run commands. */

/** A process whose command starts another one, prints its pid, and then waits for it. */
function startRunner(timeoutMs: number) {
  const source = `
    import { tryRun } from '${projectPath('scripts/lib/run.mjs')}';
    const command = ['sh', ['-c', 'sleep 1000 & echo pid $! >&2; wait']];
    const { ok, output, reason } = await tryRun(...command, { timeoutMs: ${timeoutMs}, live: ${timeoutMs > 1000} });
    console.log(output, ok, reason);
  `;
  return start(process.execPath, ['--input-type=module', '-e', source]);
}

const isGone = (pid: string | undefined) => !existsSync(`/proc/${pid}`);

test('a command that hangs is ended with everything that it has started', async () => {
  const runner = startRunner(100);
  const { stdout } = await runner.ended();
  expect(stdout).toMatch(/^pid \d+\n false SIGKILL\n$/);
  await until(() => isGone(/\d+/.exec(stdout)?.[0]), 'the end of the second process');
});

test('a signal that ends the script ends what it runs', async () => {
  const runner = startRunner(600_000);
  const [, pid] = await runner.errorText(/pid (\d+)/);
  runner.kill('SIGTERM');
  expect(await runner.ended()).toMatchObject({ signal: 'SIGTERM' });
  await until(() => isGone(pid), 'the end of the second process');
});
