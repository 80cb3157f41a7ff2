import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectPath, start } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

/** What .ci/run counts and repeats of a report of the tests. */

const counts = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 };

async function summaryOf(report: object): Promise<{ stdout: string; stderr: string; code: number | null }> {
  const path = join(temporaryFolder(), 'report.json');
  await writeFile(path, JSON.stringify(report));
  return start(process.execPath, [projectPath('.ci/summary.mjs'), path]).ended();
}

test('a failed test is named with its message', async () => {
  const assertionResults = [
    { status: 'passed', fullName: 'one', failureMessages: [] },
    { status: 'failed', fullName: 'two', failureMessages: ['expected 1', 'got 2'] },
  ];
  const testResults = [{ name: 'a.test.ts', status: 'failed', assertionResults, message: '' }];
  expect(await summaryOf({ ...counts, testResults })).toMatchObject({
    code: 0,
    stdout: '3 1 3\n',
    stderr: 'FAILED a.test.ts: two\n  expected 1\n  got 2\n\n',
  });
});

test('a file that fails without a failed test is named with its own message', async () => {
  const testResults = [{ name: 'a.test.ts', status: 'failed', assertionResults: [], message: 'a hook failed' }];
  expect(await summaryOf({ ...counts, testResults })).toMatchObject({
    code: 0,
    stdout: '3 1 3\n',
    stderr: 'FAILED a.test.ts\n  a hook failed\n\n',
  });
});

test('a report that is missing counts as no test', async () => {
  const ended = await start(process.execPath, [projectPath('.ci/summary.mjs'), '/nonexistent/report.json']).ended();
  expect(ended).toMatchObject({ code: 0, stdout: '0 0 0\n', stderr: 'The tests wrote no report.\n' });
});
