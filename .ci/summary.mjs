/**
 * Reads the report of vitest's JSON reporter, prints `passed failed skipped` to standard output and, to standard error,
 * each failed test with its message. A report that is missing counts as nothing: the step that ran the tests has
 * failed.
 */
import { existsSync, readFileSync } from 'node:fs';

const [path] = process.argv.slice(2);

if (!existsSync(path)) {
  console.error('The tests wrote no report.');
  console.log('0 0 0');
} else {
  const results = JSON.parse(readFileSync(path, 'utf8'));
  for (const file of results.testResults) {
    const failed = file.assertionResults.filter(({ status }) => status === 'failed');
    for (const { fullName, failureMessages } of failed) report(`${file.name}: ${fullName}`, failureMessages);
    // A file that does not load, or whose hooks fail, has a message of its own.
    if (file.status === 'failed' && failed.length === 0) report(file.name, [file.message]);
  }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = results;
  console.log([numPassedTests, numFailedTests, numPendingTests + numTodoTests].join(' '));
}

function report(what, messages) {
  console.error(`FAILED ${what}\n${messages.join('\n').replace(/^/gm, '  ')}\n`);
}
