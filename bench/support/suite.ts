/** A suite from its options to its end. */
import { runInGuest } from './guest.js';
import { type Options, readOptions, type Suite } from './options.js';
import { Refusal } from './refusal.js';

/**
 * Runs a suite, in the guest if instructions are to be counted. A refusal ends the process with one line and exit code
 * 1; nothing has been measured by then.
 */
export async function runSuite(suite: Suite, main: (options: Options) => Promise<void> | void): Promise<void> {
  try {
    const options = readOptions(suite);
    if (options.instructions) process.exitCode = runInGuest(options.out);
    else await main(options);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  }
}
