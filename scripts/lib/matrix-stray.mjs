/** The errors of a run of vitest that belong to no test: its report does not have them. */
import { stripVTControlCharacters } from 'node:util';

const BEGIN = /^Vitest caught \d+ unhandled errors? during the test run\.$/m;
/** The line above each of them has its kind: `Unhandled Rejection`. */
const BANNER = /^⎯+ .+ ⎯+$/m;
const ORIGIN = /^This error originated in "(.+)" test file\./m;

/**
 * Returns them.
 *
 * @param {string} output everything that vitest has written
 * @returns {{ message: string, origin: string | undefined }[]} `origin` is the file of tests that ran, if that is known
 */
export function strayErrors(output) {
  const [, ...sections] = stripVTControlCharacters(output).split(BEGIN);
  const errors = sections.flatMap((section) => section.split(BANNER).slice(1));
  return errors.map((text) => ({ message: text.trim().split('\n')[0], origin: ORIGIN.exec(text)?.[1] }));
}
