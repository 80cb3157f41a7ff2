/** The `fdmux` command: runs it, and decides how it ends. */
import { hasCode, toError } from '../errors.js';
import { ConfigError } from '../server/config/config-error.js';
import { escapeUnsafe } from '../server/escape-unsafe.js';
import { packageVersion } from '../server/version.js';
import { runProgram } from './program.js';
import { UsageError } from './usage-error.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** Without a listener, a reader that has gone away would end the process, even a server, with a stack trace. */
function surviveBrokenOutput(): void {
  process.stdout.on('error', (error: Error) => {
    // `fdmux --help | head` is not a failure.
    if (hasCode(error, 'EPIPE')) return;
    process.stderr.write(`fdmux: cannot write the output: ${error.message}\n`);
    process.exitCode = EXIT_FAILURE;
  });
  process.stderr.on('error', () => undefined);
}

/** Runs the command that this process was started with. */
export async function main(): Promise<void> {
  surviveBrokenOutput();
  try {
    const isUnderstood = await runProgram(packageVersion());
    if (!isUnderstood) process.exitCode = EXIT_USAGE;
  } catch (error) {
    const isUsage = error instanceof ConfigError || error instanceof UsageError;
    const message = toError(error).message;
    for (const line of message.split('\n')) process.stderr.write(`fdmux: ${escapeUnsafe(line)}\n`);
    process.exitCode = isUsage ? EXIT_USAGE : EXIT_FAILURE;
  }
}
