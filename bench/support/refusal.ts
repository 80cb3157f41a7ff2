/** A request that a suite refuses before it measures anything. */

/** Says what is wrong with the request, and what would be right. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Runs a suite. A refusal ends the process with one line and exit code 1; nothing has been measured by then. */
export async function runSuite(main: () => Promise<void> | void): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  }
}
