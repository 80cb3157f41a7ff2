/** Progress lines for people: the current step, then how long it took. They go to stderr; stdout is the program's. */

const started = performance.now();

export function say(message) {
  process.stderr.write(`[${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s] ${message}\n`);
}

/** An error whose message is written for the person at the terminal: it is shown without a stack. */
export class Problem extends Error {}

/** Runs `main` as a program: a {@link Problem} ends it with its message and exit code 1. */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`\n${error instanceof Problem ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
